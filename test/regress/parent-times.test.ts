/** A copy-up succeeds where the directory cannot be given its old times again. */
import { chmodSync, chownSync } from 'node:fs';
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, ordinary, shell } from './fixtures/shell.ts';

t.test('in a directory of another owner', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, 'for f in a b; do echo $f >$f; done; mkdir d', ordinary);
  chownSync(place.upper, 5, 60);
  chmodSync(place.upper, 0o777);
  const { path } = await place.mount();
  const script = 'echo more >>a; rm a; test ! -e a; touch d/new; mv b c; echo more >>c; cat c';
  t.equal(await shell(path, script), 'b\nmore');
});

t.test('in a directory for appending only', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, 'mkdir d; echo 1 >d/f; ln d/f d/g; echo 1 >d/h; echo 1 >d/i');
  const { path } = await place.mount();
  const script = `
    chmod 600 d/i
    chattr +a d
    trap 'chattr -a d' EXIT
    for f in f h; do echo 2 >>d/$f; chmod 600 d/$f; done
    chattr -a d
    rm d/f d/h; cat d/g; ls d`;
  t.equal(await shell(path, script), '1\n2\ng\ni');
});
