/**
 * Where the mount of a handle is by now, and taking it off there. It is known by its device and its mount id, which the kernel
 * gives to another one at once: what was taken off is not looked for again.
 */
import { fsError } from '../base/fs-error.ts';
import { nameToText, type Name } from '../base/name.ts';
import { isAnswering } from '../os/answering.ts';
import { unmountFuse } from '../os/mount.ts';
import { findAgain, findMountAt, type MountEntry } from '../os/mountinfo.ts';

export class HandledPlace {
  readonly #made: MountEntry | undefined;
  #isOff = false;

  /** Right after mounting at `mountPoint`. */
  constructor(mountPoint: Name) {
    this.#made = findMountAt(mountPoint);
  }

  /** Its mount point; undefined where it is off the tree. Throws FsError EBUSY where something else is mounted over it. */
  find(): Name | undefined {
    const entry = this.#findEntry();
    if (entry === undefined) return undefined;
    // One that was bound onto itself has the same device.
    if (findMountAt(entry.mountPoint)?.device === entry.device) return entry.mountPoint;
    throw fsError('EBUSY', { syscall: 'umount2', path: nameToText(entry.mountPoint) });
  }

  /** Takes it off the tree, if it is there. Throws FsError EBUSY. */
  unmount(options: { readonly lazy: boolean }): void {
    for (let at = this.find(); at !== undefined; at = this.find()) unmountFuse(at, options);
    this.#isOff = true;
  }

  /** Whether there is a server behind what is mounted there. */
  async isAnswering(): Promise<boolean> {
    const entry = this.#findEntry();
    return entry !== undefined && (await isAnswering(entry.mountPoint));
  }

  #findEntry(): MountEntry | undefined {
    return this.#isOff || this.#made === undefined ? undefined : findAgain(this.#made);
  }
}
