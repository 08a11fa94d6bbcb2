/** In a work directory with the setgid bit, what took the place of a whiteout got the group of that directory, and directories its bit. */
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

const script = `
  rm dir/file; rmdir dir/sub; rm dir/link; rm dir/pipe
  echo new >dir/file; mkdir dir/sub; ln -s file dir/link; mkfifo dir/pipe
  touch dir/free; mkdir dir/free-sub
  stat -c '%A %u:%g %n' dir/*`;

t.test('what is made belongs to its maker', needs(...mountNeeds, 'overlayfs'), async (t) => {
  const seen: string[] = [];
  for (const way of ['kernel', 'ours'] as const) {
    const place = await makePlace(
      t,
      'mkdir -p dir/sub; echo low >dir/file; ln -s low dir/link; mkfifo dir/pipe',
    );
    await shell(place.work, 'chgrp 1234 .; chmod g+s .');
    const { lower, upper, work, scratch } = place;
    const mounted =
      way === 'ours' ? await place.mount() : await scratch.kernelOverlay({ lower: [lower], upper, work });
    seen.push(await shell(mounted.path, script));
  }
  t.equal(seen[1], seen[0]);
  t.notMatch(seen[1], /1234|^d.....s/m);
});
