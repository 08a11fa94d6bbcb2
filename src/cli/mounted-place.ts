/**
 * Where a mount of ours is by now: it can be moved, a parent of it renamed, something else mounted over it,
 * and it can be shown in further places. It is known by its device number, which the kernel gives to another
 * file system once ours is gone.
 */
import type { Name } from '../base/name.ts';
import { isAnswering } from '../os/answering.ts';
import { unmountFuse } from '../os/mount.ts';
import { findAgain, findMountAt, readMounts, type MountEntry } from '../os/mountinfo.ts';

export class MountedPlace {
  readonly #made: MountEntry | undefined;

  /** Right after mounting at `mountPoint`. */
  constructor(mountPoint: Name) {
    this.#made = findMountAt(mountPoint);
  }

  /** `major:minor`; undefined where the kernel does not tell. */
  get device(): string | undefined {
    return this.#made?.device;
  }

  /**
   * Takes it off the tree wherever it is, at once though it is busy, but not from below another mount. Answers
   * whether it was there. Throws FsError, UserError.
   */
  unmount(): boolean {
    const mounts = readMounts();
    let isFound = false;
    // Backwards: of two on one place the later is on top.
    for (const entry of mounts.toReversed()) {
      if (entry.device !== this.device || this.#isInside(entry, mounts)) continue;
      if (findMountAt(entry.mountPoint)?.id !== entry.id) continue;
      unmountFuse(entry.mountPoint, { lazy: true });
      isFound = true;
    }
    return isFound;
  }

  /**
   * Whether the way to it leads through the file system itself, which is served by whoever would go there. It is taken
   * away with the mount that it is in.
   */
  #isInside(entry: MountEntry, mounts: readonly MountEntry[]): boolean {
    const parent = mounts.find(({ id }) => id === entry.parentId);
    // The root of the tree is its own parent, or one that is not shown.
    if (parent === undefined || parent === entry) return false;
    // One that lies on the root of another has the same way.
    const isBelow = parent.device === this.device && parent.mountPoint !== entry.mountPoint;
    return isBelow || this.#isInside(parent, mounts);
  }

  /**
   * Whether it is still on the tree though its connection has ended. A mount that looks the same and answers is another one, which
   * was given its numbers; it may be served by this process.
   */
  async isDead(): Promise<boolean> {
    const found = this.#made && findAgain(this.#made);
    return found !== undefined && !(await isAnswering(found.mountPoint));
  }
}
