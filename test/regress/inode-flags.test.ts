/** The flags of chattr(1) that a copy keeps, as the kernel's overlayfs does. */
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

const prepare = `
  for f in data metadata; do echo $f >$f; done
  mkdir dir emptied replacing; echo x >dir/file; echo x >emptied/file
  chattr +A +S data metadata dir; chattr +A emptied`;

const use = `
  echo more >>data; chmod 600 metadata; touch dir/new
  rm emptied/file; touch emptied/new; rm emptied/new
  lsattr -d data metadata dir emptied | cut -c 3-8`;

t.test('go with a copy-up', needs(...mountNeeds, 'overlayfs'), async (t) => {
  const place = await makePlace(t, prepare);
  const mount = await place.mount();
  const seen = await shell(mount.path, use);
  const kernel = await place.scratch.kernelOverlay({
    lower: [place.lower],
    upper: place.scratch.directory('other-upper'),
    work: place.scratch.directory('other-work'),
  });
  t.equal(seen, await shell(kernel.path, use));
  t.match(seen, /S.*A/);
});
