/** The link count of an indexed file, where a crash has left it relative to the lower inode. */
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { makeStage } from './fixtures/stage.ts';

const need = needs('root', 'build', 'program:setfattr');

for (const [act, before, after] of [
  ['link', 3, 4],
  ['unlink', 3, 2],
  ['rename', 3, 2],
] as const) {
  t.test(act, need, async (t) => {
    const stage = makeStage(t);
    stage.sh('printf data > lower/a; ln lower/a lower/b; ln lower/a lower/c; printf other > lower/o');
    const first = stage.engine();
    await first.client.setattr('a', { mode: 0o600 });
    await first.close();
    stage.sh('setfattr -n trusted.overlay.nlink -v L+0 upper/a');
    const second = stage.engine();
    t.equal(second.client.stat('a').nlink, before);
    if (act === 'link') await second.client.link('a', 'd');
    else if (act === 'unlink') await second.client.unlink('a');
    else await second.client.rename('o', 'a');
    t.equal(second.client.stat('b').nlink, after);
    await second.close();
    const third = stage.engine();
    t.equal(third.client.stat('b').nlink, after);
    await third.close();
  });
}
