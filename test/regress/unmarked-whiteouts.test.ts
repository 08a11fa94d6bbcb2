/** Whiteouts in the form of an attribute count for who asks for the name, in every lower layer and without a mark of the directory. */
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { shell } from './fixtures/shell.ts';

const layers = `
  mkdir -p top/unmarked bottom/unmarked bottom/marked
  for f in top/unmarked/name bottom/marked/name bottom/unmarked/empty; do : >$f; done
  echo below >bottom/unmarked/name
  setfattr -n trusted.overlay.whiteout -v y top/unmarked/name
  setfattr -n trusted.overlay.whiteout -v y bottom/marked/name
  setfattr -n trusted.overlay.opaque -v x bottom/marked`;

const look = 'for f in unmarked/name marked/name unmarked/empty; do stat -c "%n %s" $f || true; done';

for (const names of [['top', 'bottom'], ['bottom']]) {
  t.test(names.join(), needs(...mountNeeds, 'overlayfs'), async (t) => {
    const scratch = makeScratch(t);
    await shell(scratch.path, layers);
    const lower = names.map((name) => `${scratch.path}/${name}`);
    const mount = await scratch.mount({ lower });
    const seen = await shell(mount.path, look);
    if (names.length > 1) {
      const kernel = await scratch.kernelOverlay({ lower });
      t.equal(seen, await shell(kernel.path, look));
    }
    t.match(seen, /'?marked\/name'?: No such file/);
    t.match(seen, /unmarked\/empty 0/);
  });
}
