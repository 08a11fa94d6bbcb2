/** Options of mount(8) that fusermount3 does not know were taken, and did nothing: the mount followed symbolic links. */
import t from 'tap';
import { programPath } from '../fixtures/mount.ts';
import { openClient, user } from './fixtures/ordinary-user.ts';

t.test('an ordinary user hears that they are not possible', user, async (test) => {
  const { stage, sh } = await openClient(test);
  const [lower, at] = [stage.directory('lower'), stage.directory('at')];
  for (const option of ['nosymfollow', 'strictatime', 'lazytime']) {
    const said = await sh(`${programPath} -o lowerdir=${lower},${option} ${at} 2>&1`);
    test.equal(
      said,
      `1: stratafs: ${option}: fusermount3 knows no such option: leave it out, or mount as root\n`,
    );
  }
  test.equal(await sh(`ls ${at}`), '');
});
