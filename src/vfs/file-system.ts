/**
 * What a file system is, for doors and core alike. A door decodes requests and calls these; the core
 * knows no protocol.
 *
 * Rules. An operation throws `FsError`, or returns a promise that rejects with it. One that returns
 * `Later<T>` may answer at once or later; it reads `caller` before it returns. `Attr` objects belong to
 * the door, are filled before the operation returns, and are used again. Permissions are checked by the
 * kernel (default_permissions) before a request is sent. Names are single components.
 */
import type { Fd, HandleId, NodeId } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import type { TimeSpec } from '../base/time-spec.ts';
import type { Attr } from './attr.ts';
import type { DirectorySink } from './directory-sink.ts';

/** Now, or later. */
export type Later<T> = T | Promise<T>;

/** Who asks. One object serves all requests. */
export interface Caller {
  /** Of what is created; a door may not know them of other requests. */
  uid: number;
  gid: number;
  pid: number;
  /** Taken off the mode of what is created, unless a default ACL is applied instead. */
  umask: number;
  /** Identity of this request, for `interrupt`. */
  unique: number;
}

/** What to change; undefined is left alone. */
export interface SetAttr {
  mode: number | undefined;
  uid: number | undefined;
  gid: number | undefined;
  size: number | undefined;
  atime: TimeSpec | undefined;
  mtime: TimeSpec | undefined;
  /** `mtime`, which is a time, was asked for as the present: what may set both times to that may have it. */
  mtimeIsPresent?: boolean;
  /** `mtime` may be that of data which the kernel of the mount has kept back: it tells the two alike. */
  mtimeMayBeOfWriting?: boolean;
  /** The kernel of the mount goes on with the modification time that it knows, whatever `size` does to it. */
  keepsMtime?: boolean;
  /** Drop setuid, setgid and file capabilities too. */
  killPriv: boolean;
  /** Nothing else was asked for, nor that: it comes of a write, or of a chown(2) to nobody. */
  asksNothing?: boolean;
}

/** An open file as a door sees it. */
export interface OpenFile {
  readonly id: HandleId;
  /** Another one than was asked for where that was renewed, and this is the file as it is now. */
  readonly nodeId: NodeId;
  /** Its data lies in the upper layer: it may be handed to the kernel for writing. */
  readonly upper: boolean;
  /** Its data can be written and not read, by the server as little as by who opened it. */
  readonly writeOnly: boolean;
  /** It costs a descriptor for as long as it is open. */
  readonly costly: boolean;
}

/** One name of a file. */
export interface FileName {
  readonly parent: NodeId;
  readonly name: Name;
  /** From the root on: `/etc/hosts`. */
  readonly path: Name;
}

export interface Statx {
  /** Fields of `st` (os/host-fs.ts) that FUSE_STATX adds to the attributes. */
  readonly btimeSec: number;
  readonly btimeNsec: number;
  readonly hasBtime: boolean;
}

/** Entries and attributes. A `NodeId` that a call answers counts as one lookup, to be forgotten. */
export interface NodeOperations {
  /** 0 where nothing has this name; else `attr` is filled. */
  lookup(parent: NodeId, name: Name, attr: Attr): NodeId;
  /** Whether the node is no longer known. */
  forget(node: NodeId, count: number): boolean;
  getattr(node: NodeId, attr: Attr): void;
  statx(node: NodeId, attr: Attr): Statx;
  setattr(caller: Caller, node: NodeId, change: SetAttr): Later<void>;
  readlink(node: NodeId): Name;
  mknod(caller: Caller, parent: NodeId, name: Name, mode: number, rdev: number, attr: Attr): NodeId;
  mkdir(caller: Caller, parent: NodeId, name: Name, mode: number, attr: Attr): NodeId;
  symlink(caller: Caller, parent: NodeId, name: Name, target: Name, attr: Attr): NodeId;
  /** `attr` is filled when it answers. */
  link(caller: Caller, node: NodeId, parent: NodeId, name: Name, attr: Attr): Later<NodeId>;
  unlink(caller: Caller, parent: NodeId, name: Name): Later<void>;
  rmdir(parent: NodeId, name: Name): void;
  /** Answers the directories that were listed before and whose `..` is another one now. */
  rename(
    caller: Caller,
    from: { readonly parent: NodeId; readonly name: Name },
    to: { readonly parent: NodeId; readonly name: Name },
    flags: number,
  ): Later<readonly NodeId[]>;
  /** Entries after `cookie` (0: from the start) go to `sink` until it is full. */
  readdir(node: NodeId, cookie: number, sink: DirectorySink): void;
  readdirplus(node: NodeId, cookie: number, sink: DirectorySink): void;
  fsyncdir(node: NodeId, dataOnly: boolean): Later<void>;
  /** 80 bytes at `offset`, the layout of struct fuse_kstatfs. */
  statfs(block: Buffer, offset: number): void;
}

/** Extended attributes and inode flags. */
export interface AttributeOperations {
  /** undefined where there is none (ENODATA). */
  getxattr(node: NodeId, name: Name): Buffer | undefined;
  listxattr(caller: Caller, node: NodeId): readonly Name[];
  /** Whether it has none, for nobody, and will have none before `setxattr` is called for it. False also where that is not known. */
  hasNoXattrs(node: NodeId): boolean;
  /** `killSgid`: the new access ACL takes the setgid bit away (FUSE_SETXATTR_ACL_KILL_SGID). */
  setxattr(
    caller: Caller,
    node: NodeId,
    attribute: {
      readonly name: Name;
      readonly value: Uint8Array;
      readonly flags: number;
      readonly killSgid: boolean;
    },
  ): Later<void>;
  removexattr(caller: Caller, node: NodeId, name: Name): Later<void>;
  /** FS_IOC_GETFLAGS, FS_IOC_SETFLAGS. */
  getflags(node: NodeId): number;
  setflags(caller: Caller, node: NodeId, flags: number): Later<void>;
}

/** What a write brings: `length` bytes at `offset` of `buffer`, for `position` of the file. */
export interface WrittenData {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly length: number;
  readonly position: number;
  /** The client keeps the modification time and will tell it: writing must not change it. */
  readonly keepTimes: boolean;
  /**
   * The client has kept it back. It has told by then what becomes of file capabilities, so writing must not change them; and it
   * would not heed a short count: all of it is written, or an error answered.
   */
  readonly keptBack: boolean;
}

/** Open files. */
export interface FileOperations {
  create(caller: Caller, parent: NodeId, name: Name, mode: number, flags: number, attr: Attr): OpenFile;
  tmpfile(caller: Caller, parent: NodeId, mode: number, flags: number, attr: Attr): OpenFile;
  /** Copies up for writing. O_TRUNC in `flags` is done here. */
  open(caller: Caller, node: NodeId, flags: number): Later<OpenFile>;
  release(handle: HandleId): void;
  /** The real descriptor of an open file, for a door that hands it to the kernel. Valid until the next call. */
  descriptor(handle: HandleId): number;
  /** The real descriptor that a file which is open is read from. Valid until the next call. */
  readingDescriptor(handle: HandleId): Fd;
  /** -1 where it would block: then `readLater`, with a buffer that stays the caller's until it settles. */
  read(handle: HandleId, buffer: Buffer, offset: number, length: number, position: number): number;
  readLater(
    handle: HandleId,
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<number>;
  /**
   * Up to `length` bytes from the start of a file which nobody has open, and whose data lies in a lower layer and in
   * memory. 0 for any other, and for an error: who reads it will be told.
   */
  firstData(node: NodeId, buffer: Buffer, offset: number, length: number): number;
  write(handle: HandleId, data: WrittenData): number;
  /** The buffer stays the file system's until it settles. */
  writeLater(handle: HandleId, data: WrittenData): Promise<number>;
  fsync(handle: HandleId, dataOnly: boolean): Later<void>;
  fallocate(handle: HandleId, mode: number, offset: number, length: number): Later<void>;
  lseek(handle: HandleId, offset: number, whence: number): number;
  copyFileRange(
    from: { readonly handle: HandleId; readonly offset: number },
    to: { readonly handle: HandleId; readonly offset: number },
    length: number,
  ): Later<number>;
}

/**
 * For a door that lets the kernel read files of a lower layer by itself (`coherence=relaxed`): their data
 * cannot move to the upper layer while they are open so, unless what is open is left behind under its id.
 *
 * A file that is renewed goes on under a new id, with all its names. The old id has none, and is for those
 * who know it: it shows the old data as long as there is a handle to that, and else the file as it is.
 * Attributes and names go to the file by either id.
 */
export interface RenewalOperations {
  /** Whether the node is known, to be looked at or because it is still open. */
  knows(node: NodeId): boolean;
  /** The id under which a file is found by name: `node` itself, unless it was renewed. ESTALE. */
  current(node: NodeId): NodeId;
  /** The names by which a file was looked up, but for those it has lost. ESTALE. */
  names(node: NodeId): readonly FileName[];
  /**
   * For a file that is current, with names, and whose handles are for reading its data in a lower layer. Counts
   * as one lookup of `node`, to be forgotten by who calls. ESTALE.
   */
  renew(node: NodeId): void;
}

export interface FileSystem extends NodeOperations, AttributeOperations, FileOperations, RenewalOperations {
  /** Ends what the request `unique` is waiting for, with EINTR, if it can be ended. */
  interrupt(unique: number): void;
  /** What the door counts is told with the statistics of the mount from now on. */
  countAlso(requests: () => Readonly<Record<string, number>>): void;
  /** Gives back memory that only saves work. */
  trim(): void;
  /** Everything written reaches the disk, of a volatile mount too; descriptors are closed. */
  close(): Promise<void>;
}
