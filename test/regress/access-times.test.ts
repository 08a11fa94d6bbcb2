/**
 * Reading a file of the upper moves its access time as the options of the mount say, whatever those of the mount
 * below are. The kernel's overlayfs is the oracle.
 */
import t, { type Test } from 'tap';
import type { Mounted } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

const long = '2020-01-01';
const made = 'mkdir d; echo x > d/file; ln -s file d/link; echo y >> copied';
const aged = `touch -h -a -d ${long} d/file d/link d copied`;

/** What each reading does to an access time that is long past, or was moved the moment before. */
const readings = [
  ['file', 'd/file', 'cat d/file'],
  ['file again', 'd/file', 'cat d/file'],
  ['written file', 'd/file', 'echo z >> d/file; cat d/file'],
  ['copied-up file', 'copied', 'cat copied'],
  ['link', 'd/link', 'readlink d/link'],
  ['directory', 'd', 'ls d'],
  ['lower file', 'lower', 'cat lower'],
  ['lower directory', 'below', 'ls below'],
] as const;

async function outcomes(mounted: Mounted): Promise<Record<string, string>> {
  await shell(mounted.path, `${made}; ${aged}`);
  const found: Record<string, string> = {};
  for (const [what, path, reading] of readings) {
    const script = `before=$(stat -c %x ${path}); sleep 0.02; { ${reading}; } > /dev/null
      [ "$before" = "$(stat -c %x ${path})" ] && echo stays || echo moves`;
    found[what] = await shell(mounted.path, script);
  }
  await mounted.unmount();
  return found;
}

async function placeOf(test: Test) {
  return makePlace(test, `mkdir below; for f in lower copied; do echo $f > $f; touch -a -d ${long} $f; done`);
}

t.test('as on an overlay of the kernel', needs(...mountNeeds, 'overlayfs', 'passthrough'), async (test) => {
  for (const option of ['rw', 'noatime', 'relatime', 'strictatime', 'nodiratime']) {
    const ours = await placeOf(test);
    const { lower, scratch } = await placeOf(test);
    const theirs = await scratch.kernelOverlay({
      lower: [lower],
      upper: scratch.directory('upper'),
      work: scratch.directory('work'),
      options: [option],
    });
    test.strictSame(await outcomes(await ours.mount([option])), await outcomes(theirs), option);
  }
});

t.test('noatime holds for what the server reads, too', needs(...mountNeeds), async (test) => {
  const place = await placeOf(test);
  const first = await place.mount();
  await shell(first.path, `${made}; ${aged}`);
  await first.end();
  const mounted = await place.mount(['noatime', 'passthrough=off']);
  await shell(mounted.path, 'cat d/file copied; readlink d/link; ls d');
  const times = await shell(mounted.path, 'stat -c %x d/file copied d/link d | cut -c 1-10 | uniq');
  test.equal(times, long);
});
