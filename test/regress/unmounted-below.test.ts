/**
 * The file system of the upper is unmounted before the server has ended: `umount /merged && umount /layers` failed,
 * since the server, which writes what is left after umount(8) has returned, kept it busy by its lock.
 */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { shell } from './fixtures/shell.ts';

t.test('as under an overlay of the kernel', needs(...mountNeeds, 'overlayfs'), async (test) => {
  const scratch = makeScratch(test);
  const disk = scratch.directory('disk');
  const union = { lower: [scratch.directory('lower')], upper: `${disk}/upper`, work: `${disk}/work` };
  for (const mount of [() => scratch.kernelOverlay(union), () => scratch.mount(union)]) {
    execFileSync('mount', ['-t', 'tmpfs', 'disk', disk]);
    let isBelow = true;
    const unmountBelow = (): void => {
      if (isBelow) execFileSync('umount', [disk]);
      isBelow = false;
    };
    test.teardown(unmountBelow);
    await shell(disk, 'mkdir upper work');
    const mounted = await mount();
    unmountBelow();
    test.equal(await shell(mounted.path, 'echo x >file; cat file'), 'x', 'it goes on');
    await mounted.unmount();
  }
});
