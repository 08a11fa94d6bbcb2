/**
 * Which files of a mount have something mounted on them, in whatever mount namespace: a container has its
 * own /etc/hosts mounted where only its own namespace shows it. The kernel detaches what is mounted on a
 * name when the name turns out to have another node (d_invalidate), so this must be known before.
 */
import { FsError } from '../../base/fs-error.ts';
import type { Fd } from '../../base/ids.ts';
import { asName, type Name } from '../../base/name.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from '../../os/constants.ts';
import type { HostFs } from '../../os/host-fs.ts';
import { parseMounts, type MountEntry } from '../../os/mountinfo.ts';

const cwd = AT_FDCWD as Fd;
const chunkBytes = 64 * 1024;
const isProcess = /^[0-9]+$/;

export class MountPoints {
  readonly #fs: HostFs;
  readonly #device: () => string | undefined;

  /** `device` is the mount's own, `major:minor`. */
  constructor(fs: HostFs, device: () => string | undefined) {
    this.#fs = fs;
    this.#device = device;
  }

  /**
   * Whether something is mounted on one of `paths`, from the root of the file system on. A namespace without a
   * process, and one whose processes all live in a root below the mount point, is not seen. Where the device is
   * not known, or there is no /proc, everything may be a mount point.
   */
  hasAny(paths: readonly Name[]): boolean {
    const device = this.#device();
    const processes = this.#attempt(() => this.#processes());
    if (device === undefined || processes === undefined) return true;
    const wanted = new Set(paths);
    for (const text of this.#mountinfos(['self', ...processes])) {
      // Most namespaces do not have the mount at all.
      if (!text.includes(` ${device} `)) continue;
      for (const path of mountedOn(parseMounts(text), device)) if (wanted.has(path)) return true;
    }
    return false;
  }

  /** /proc/PID/mountinfo of one process of each namespace, and of each root in it. */
  *#mountinfos(pids: readonly string[]): Generator<string> {
    const seen = new Set<string>();
    for (const pid of pids) {
      const view = this.#viewOf(pid);
      if (view === undefined || seen.has(view)) continue;
      const text = this.#attempt(() => this.#read(asName(`/proc/${pid}/mountinfo`)));
      if (text === undefined) continue;
      seen.add(view);
      yield text;
    }
  }

  #processes(): readonly string[] {
    const fd = this.#fs.openat(cwd, asName('/proc'), O_RDONLY | O_DIRECTORY, 0);
    try {
      return this.#fs.listDirectory(fd).names.filter((name) => isProcess.test(name));
    } finally {
      this.#fs.close(fd);
    }
  }

  #viewOf(pid: string): string | undefined {
    const link = (name: string): Name => this.#fs.readlinkat(cwd, asName(`/proc/${pid}/${name}`));
    return this.#attempt(() => `${link('ns/mnt')} ${link('root')}`);
  }

  #read(path: Name): string {
    const fd = this.#fs.openat(cwd, path, O_RDONLY, 0);
    try {
      const chunk = Buffer.alloc(chunkBytes);
      let text = '';
      for (;;) {
        const count = this.#fs.pread(fd, chunk, 0, chunkBytes, text.length, false);
        if (count === 0) return text;
        text += chunk.toString('latin1', 0, count);
      }
    } finally {
      this.#fs.close(fd);
    }
  }

  /** Undefined where that is not there, or not any more: a process may end at any time. */
  #attempt<T>(look: () => T): T | undefined {
    try {
      return look();
    } catch (thrown) {
      if (thrown instanceof FsError) return undefined;
      throw thrown;
    }
  }
}

/** The paths within the file system `device` on which something is mounted. */
export function mountedOn(mounts: readonly MountEntry[], device: string): Name[] {
  const own = new Map<number, MountEntry>();
  for (const entry of mounts) if (entry.device === device) own.set(entry.id, entry);
  const paths: Name[] = [];
  for (const entry of mounts) {
    const parent = own.get(entry.parentId);
    if (parent === undefined) continue;
    const root = parent.root === '/' ? '' : parent.root;
    const at = parent.mountPoint === '/' ? '' : parent.mountPoint;
    paths.push(asName(`${root}${entry.mountPoint.slice(at.length)}`));
  }
  return paths;
}
