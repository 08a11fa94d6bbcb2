/**
 * Open files: opening copies up what is going to be written, and reading and writing use the real
 * descriptors of the node, wherever its data lies by then.
 */
import { FsError, fsError, isFsError } from '../base/fs-error.ts';
import type { Fd, HandleId } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { aclAccess, aclDefault, inherit } from '../layer/acl.ts';
import {
  O_ACCMODE,
  O_APPEND,
  O_NOFOLLOW,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  O_TRUNC,
  S_IFREG,
  S_ISGID,
  SEEK_DATA,
  SEEK_HOLE,
} from '../os/constants.ts';
import { st } from '../os/host-fs.ts';
import type { Attr } from '../vfs/attr.ts';
import type { Caller, Later, WrittenData } from '../vfs/file-system.ts';
import { finishAttributes } from './attributes.ts';
import { append } from './append.ts';
import type { UnionCore } from './core.ts';
import { copyUp, upperDirOf } from './copy-up.ts';
import { create } from './create.ts';
import { keepFacts, putBackFacts } from './kept-facts.ts';
import { requireData } from './lower-data.ts';
import type { Node } from './node.ts';
import { withoutSeal } from './object-flags.ts';
import { OpenNode } from './open-node.ts';
import { assumeCaller } from './ownership.ts';
import { noFd, Place } from './real-dir.ts';
import { leaveRelic } from './relic.ts';
import { refuseNewName, refuseOpen } from './seals.ts';
import { truncateToNothing } from './setattr.ts';
import { shrinkApart } from './shrink.ts';

/** Up to this many bytes a copy between two files is made at once. */
const syncCopyMax = 64 * 1024;

const itself = asName('');

export class Files {
  readonly #core: UnionCore;
  /** Where the door lets the kernel read the data of a file by itself, if in a lower layer. */
  readonly #shown = new WeakMap<Node, Place>();
  #nextId = 1;

  constructor(core: UnionCore) {
    this.#core = core;
  }

  create(caller: Caller, parent: Node, name: Name, mode: number, flags: number, attr: Attr): OpenNode {
    const recipe = { mode: (mode & 0o7777) | S_IFREG, rdev: 0, target: undefined };
    const node = create(this.#core, caller, parent, name, recipe, attr);
    node.lookups += 1;
    return this.#add(node, isWriting(flags));
  }

  /** A file without a name, in the file system of the upper. */
  tmpfile(caller: Caller, parent: Node, wanted: number, flags: number, attr: Attr): OpenNode {
    const core = this.#core;
    refuseNewName(parent);
    const inside = upperDirOf(core, parent);
    const dir = core.fs.openat(core.dirs.fd(inside), asName('.'), O_RDONLY, 0);
    try {
      core.fs.statx(dir, asName(''));
      const setgid = ((core.fs.stat[st.mode] ?? 0) & S_ISGID) !== 0;
      const gid = setgid ? core.fs.stat[st.gid] : undefined;
      const list = core.fs.findXattr(core.at(inside), inside.name, aclDefault);
      const heritage = list === undefined ? { mode: wanted & ~caller.umask } : inherit(list, wanted, false);
      const mode = heritage.mode & 0o7777;
      const openable = core.unprivileged ? mode | 0o600 : mode;
      assumeCaller(core, caller, { umask: 0, gid });
      let fd;
      try {
        fd = core.fs.openat(dir, asName('.'), O_TMPFILE | O_RDWR, openable);
      } finally {
        core.fs.assumeNone();
      }
      let data: Fd | undefined;
      try {
        data = core.unprivileged ? core.fs.reopen(fd, O_RDWR) : undefined;
        if (openable !== mode) core.fs.fchmodat(fd, itself, mode);
        if (heritage.access !== undefined) core.fs.setXattr(fd, itself, aclAccess, heritage.access, 0);
        core.fs.statx(fd, itself, attr.buffer, attr.offset);
      } catch (thrown) {
        if (data !== undefined) core.fs.close(data);
        core.fs.close(fd);
        throw thrown;
      }
      const node = core.nodes.add(S_IFREG, undefined, itself);
      node.upper = new Place(inside.layer, undefined, itself, fd);
      core.setIno(node, inside, attr.inoLow, attr.inoHigh);
      if (data !== undefined) core.data.adoptForWriting(node, data);
      finishAttributes(core, node, attr);
      node.lookups += 1;
      return this.#add(node, isWriting(flags));
    } finally {
      core.fs.close(dir);
    }
  }

  /** Waits while the file is being copied up. */
  open(asked: Node, flags: number, unique: number): Later<OpenNode> {
    const core = this.#core;
    if (asked.isDirectory) throw fsError('EISDIR');
    const truncate = (flags & O_TRUNC) !== 0;
    const heir = core.nodes.findHeir(asked);
    if (!isWriting(flags) && !truncate) {
      // What it was opened for stays what it shows; with nobody left to see that, the file as it is.
      const isOld = heir !== undefined && (asked.opens > 0 || heir.upper === undefined || heir.isMetacopy);
      const shown = isOld ? asked : (heir ?? asked);
      if (shown.isRegular) requireData(core, shown);
      return this.#add(shown, false);
    }
    const node = heir ?? asked;
    core.writable();
    refuseOpen(node, flags);
    if (node.busy !== undefined) {
      return core.interrupts.until(unique, node.busy).then(() => this.open(node, flags, unique));
    }
    const copying = copyUp(core, node, truncate ? 'truncated' : 'data', unique);
    if (copying !== undefined) return copying.then(() => this.open(node, flags, unique));
    if (isWriting(flags)) this.#checkAppends(node, flags);
    const shrinking = truncate ? shrinkApart(core, node, 0) : undefined;
    if (shrinking !== undefined) return shrinking.then(() => this.open(node, flags, unique));
    if (truncate) truncateToNothing(core, node);
    return this.#add(node, isWriting(flags));
  }

  /** EPERM for a file that can only be appended to, unless that is all that is wanted. */
  #checkAppends(node: Node, flags: number): void {
    this.#core.data.forWriting(node);
    if (node.appends && (flags & O_APPEND) === 0) throw fsError('EPERM');
  }

  /** The real descriptor of an open file, for a kernel that reads and writes it by itself. */
  descriptor(id: HandleId): Fd {
    const { node, upper } = this.get(id);
    if (upper) {
      this.#shown.delete(node);
      return this.#core.data.forWriting(node);
    }
    this.#shown.set(node, node.data ?? node.place);
    return this.#core.data.forReading(node);
  }

  /** See `RenewalOperations`. */
  renew(node: Node): void {
    const shown = this.#shown.get(node);
    if (shown === undefined) throw new Error('renewing a file that nobody reads in a lower layer');
    leaveRelic(this.#core, node, shown);
  }

  release(id: HandleId): void {
    const handle = this.#core.handles.get(id);
    if (handle === undefined) return;
    this.#core.handles.delete(id);
    const { node } = handle;
    node.opens -= 1;
    if (handle.writable) node.writers -= 1;
    if (node.opens === 0) this.#core.data.drop(node);
    this.#core.nodes.leaveIfUnused(node);
  }

  /** EBADF. */
  get(id: HandleId): OpenNode {
    const handle = this.#core.handles.get(id);
    if (handle === undefined) throw fsError('EBADF');
    return handle;
  }

  readingDescriptor(id: HandleId): Fd {
    return this.#core.data.forReading(this.get(id).node);
  }

  /** -1 where data would have to come from a disk. */
  read(id: HandleId, buffer: Buffer, offset: number, length: number, position: number): number {
    return this.#readNow(this.get(id).node, buffer, offset, length, position);
  }

  /** See `FileOperations`. A descriptor of a file that has more is kept for who reads that. */
  firstData(node: Node, buffer: Buffer, offset: number, length: number): number {
    const core = this.#core;
    if (!node.isRegular || node.opens > 0 || node.busy !== undefined) return 0;
    if (node.upper !== undefined && !node.isMetacopy) return 0;
    let count = 0;
    try {
      requireData(core, node);
      count = Math.max(this.#readNow(node, buffer, offset, length, 0), 0);
    } catch (thrown) {
      if (!(thrown instanceof FsError)) throw thrown;
    }
    if (count < length) core.data.drop(node);
    return count;
  }

  #readNow(node: Node, buffer: Buffer, offset: number, length: number, position: number): number {
    const { fs } = this.#core;
    const fd = this.#core.data.forReading(node);
    try {
      const count = fs.pread(fd, buffer, offset, length, position, true);
      if (count === length || count === 0) return count;
      // Short: the end of the file, or of what is in memory. The kernel takes a short reply for the end.
      const more = fs.pread(fd, buffer, offset + count, length - count, position + count, true);
      return more === 0 ? count : -1;
    } catch (thrown) {
      if (isFsError(thrown, 'EAGAIN')) return -1;
      throw thrown;
    }
  }

  async readLater(
    id: HandleId,
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<number> {
    const { node } = this.get(id);
    return this.#pinned(node, async () => {
      const fd = this.#core.data.forReading(node);
      let count = 0;
      // A short reply is the end of the file to the kernel. After an error it asks for each page by itself, and
      // has those before the one that fails.
      for (let step = -1; step !== 0 && count < length; count += step) {
        step = await this.#core.fs.preadAsync(fd, buffer, offset + count, length - count, position + count);
      }
      return count;
    });
  }

  write(id: HandleId, data: WrittenData): number {
    const { node } = this.get(id);
    return data.keptBack && node.sealed !== 0
      ? withoutSeal(this.#core, node, () => this.#write(node, data))
      : this.#write(node, data);
  }

  #write(node: Node, data: WrittenData): number {
    const { fs } = this.#core;
    const { buffer, offset, length, position } = data;
    const fd = this.#core.data.forWriting(node);
    if (node.appends) return append(fs, fd, data);
    if (data.keptBack) keepFacts(this.#core, node, fd, data.keepTimes);
    let count = 0;
    try {
      do {
        count += fs.pwrite(fd, buffer, offset + count, length - count, position + count);
      } while (data.keptBack && count < length);
    } finally {
      if (data.keptBack) putBackFacts(this.#core, node, fd);
    }
    return count;
  }

  async writeLater(id: HandleId, data: WrittenData): Promise<number> {
    const { node } = this.get(id);
    const { buffer, offset, length, position } = data;
    return this.#pinned(node, async () => {
      if (node.sealed !== 0) return this.write(id, data);
      const fd = this.#core.data.forWriting(node);
      if (node.appends) return this.write(id, data);
      if (data.keptBack) keepFacts(this.#core, node, fd, data.keepTimes);
      let count = 0;
      try {
        do {
          const step = [offset + count, length - count, position + count] as const;
          count += await this.#core.fs.pwriteAsync(fd, buffer, ...step);
        } while (data.keptBack && count < length);
      } finally {
        if (data.keptBack) putBackFacts(this.#core, node, fd);
      }
      return count;
    });
  }

  /** Nothing to do for what is only in a lower layer, or in a volatile mount. */
  fsync(node: Node, dataOnly: boolean): Later<void> {
    const core = this.#core;
    if (!core.features.sync || node.upper === undefined) return undefined;
    if (!node.isRegular) return undefined;
    if (node.isMetacopy) return this.#syncMetadata(node.upper, dataOnly);
    return this.#pinned(node, () => core.fs.fsync(core.data.forSyncing(node), dataOnly));
  }

  fallocate(id: HandleId, mode: number, offset: number, length: number): Later<void> {
    const { node } = this.get(id);
    return this.#pinned(node, () =>
      this.#core.fs.fallocateAsync(this.#core.data.forWriting(node), mode, offset, length),
    );
  }

  lseek(id: HandleId, offset: number, whence: number): number {
    if (whence !== SEEK_DATA && whence !== SEEK_HOLE) throw fsError('EINVAL');
    return this.#core.fs.lseek(this.#core.data.forReading(this.get(id).node), offset, whence);
  }

  copyFileRange(
    from: { readonly handle: HandleId; readonly offset: number },
    to: { readonly handle: HandleId; readonly offset: number },
    length: number,
  ): Later<number> {
    const core = this.#core;
    const source = this.get(from.handle).node;
    const target = this.get(to.handle).node;
    const out = core.data.forWriting(target);
    const into = core.data.forReading(source);
    if (length <= syncCopyMax) return core.fs.copyFileRange(into, from.offset, out, to.offset, length);
    return this.#pinned(source, () =>
      this.#pinned(target, () => core.fs.copyFileRangeAsync(into, from.offset, out, to.offset, length)),
    );
  }

  #add(node: Node, writable: boolean): OpenNode {
    const { data, holdsData, unprivileged } = this.#core;
    if (holdsData) {
      if (writable) data.forWriting(node);
      else data.forReading(node);
    }
    const writeOnly = unprivileged && writable && data.isWriteOnly(node);
    const handle = new OpenNode(this.#nextId++ as HandleId, node, { writable, writeOnly, costly: holdsData });
    this.#core.handles.set(handle.id, handle);
    node.opens += 1;
    if (writable) node.writers += 1;
    return handle;
  }

  /** The upper file of a metacopy is never left open: it has no data, and whoever reads would be given that. */
  async #syncMetadata(upper: Place, dataOnly: boolean): Promise<void> {
    const core = this.#core;
    const fd =
      upper.fd === noFd
        ? core.fs.openat(core.at(upper), upper.name, O_RDONLY | O_NOFOLLOW, 0)
        : core.fs.reopen(upper.fd, O_RDONLY);
    try {
      await core.fs.fsync(fd, dataOnly);
    } finally {
      core.fs.close(fd);
    }
  }

  async #pinned<T>(node: Node, job: () => Promise<T>): Promise<T> {
    this.#core.data.pin(node);
    try {
      return await job();
    } finally {
      this.#core.data.unpin(node);
    }
  }
}

function isWriting(flags: number): boolean {
  return (flags & O_ACCMODE) !== O_RDONLY;
}
