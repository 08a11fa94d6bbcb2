/**
 * Requests about open files. Reads that the page cache of a layer can answer are answered at once; what
 * has to wait for a disk, and large writes, go to the pool.
 */
import { O_ACCMODE, O_DIRECT, O_DSYNC, O_RDONLY, O_SYNC, O_TRUNC, O_WRONLY } from '../../os/constants.ts';
import type { NodeId } from '../../base/ids.ts';
import type { Caller, Later, OpenFile } from '../../vfs/file-system.ts';
import { fsyncFlag, openInFlag, writeFlag } from '../../wire/flags.ts';
import { notifyInvalInode } from '../../wire/notify.ts';
import { replyHeaderBytes, type Reply } from '../../wire/reply.ts';
import {
  copyFileRangeIn,
  createIn,
  fallocateIn,
  fsyncIn,
  lseekIn,
  openIn,
  pollIn,
  readIn,
  releaseIn,
  writeIn,
} from '../../wire/requests.ts';
import type { Door } from './door.ts';
import { dropPrivileges, openWithoutPrivileges } from './drop-privileges.ts';
import { handleOf, isDirect, openedDirect, type Opened } from './open-modes.ts';

/** A read of fewer bytes goes by way of the reply buffer, without asking the channel. */
const passedMin = 64 * 1024;
/** There is nothing in the reply buffer to send. */
const answered = 0;
/** A write of more bytes than this goes to the pool: it may wait for the disk. */
const writeNowMax = 256 * 1024;
/** POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM: a regular file is always ready. */
const alwaysReady = 0x145;
/** Of one COPY_FILE_RANGE, which nothing ends: who is killed does not wait long, and who wants more asks again. */
const maxCopy = 64 * 1024 * 1024;

/** Decides how `file`, opened by the id `node`, is served. Gives it back if that fails. */
function enter(door: Door, node: NodeId, file: OpenFile, flags: number): Opened {
  const access = flags & O_ACCMODE;
  const how = { writes: access !== O_RDONLY, reads: access !== O_WRONLY };
  try {
    const opened = door.modes.enter(node, file, how, () => door.fs.descriptor(file.id));
    // Writing a part of a page, a page cache would read the rest of it first.
    return file.writeOnly && opened.backingId === 0 ? openedDirect(opened) : opened;
  } catch (thrown) {
    door.fs.release(file.id);
    throw thrown;
  }
}

export function onOpen(door: Door): number {
  const { frame, relaxed } = door;
  const node = frame.nodeId;
  const flags = frame.u32(openIn.flags);
  door.repeats?.end(node);
  const kill = (flags & O_TRUNC) !== 0 && (frame.u32(openIn.openFlags) & openInFlag.OPEN_KILL_SUIDGID) !== 0;
  const open = (caller: Caller): Later<OpenFile> =>
    kill ? openWithoutPrivileges(door, caller, node, flags) : door.fs.open(caller, node, flags);
  const take = (file: OpenFile): Opened => {
    const opened = enter(door, node, file, flags);
    if (opened.forgetsAttributes === true) door.forgetAttributes(node);
    if (opensAlike(file, flags, opened)) door.repeats?.begin(node, opened);
    return opened;
  };
  if (relaxed === undefined) {
    door.firstData?.opening(node, flags);
    return door.settle(open(door.who()), (reply, file) => openOut(reply, take(file)));
  }
  const caller = { ...door.who() };
  return door.settle(relaxed.open({ caller, node, flags, open: () => open(caller), enter: take }), openOut);
}

/** Whether whoever opens the file for reading as well gets the same answer, as it lies in a lower layer; and to keep it open costs nothing. */
function opensAlike(file: OpenFile, flags: number, opened: Opened): boolean {
  const forReading = (flags & (O_ACCMODE | O_TRUNC | O_DIRECT)) === O_RDONLY;
  return forReading && !file.upper && !file.costly && opened.flags !== 0;
}

function openOut(reply: Reply, { fh, flags, backingId }: Opened): number {
  return reply.openOut(fh, flags, backingId);
}

export function onCreate(door: Door): number {
  const { frame } = door;
  const flags = frame.u32(createIn.flags);
  const caller = door.who(frame.u32(createIn.umask));
  const mode = frame.u32(createIn.mode);
  const file = door.fs.create(caller, frame.nodeId, frame.name(0), mode, flags, door.entryAttr());
  return created(door, file, flags);
}

export function onTmpfile(door: Door): number {
  const { frame } = door;
  const flags = frame.u32(createIn.flags);
  const caller = door.who(frame.u32(createIn.umask));
  const mode = frame.u32(createIn.mode);
  const file = door.fs.tmpfile(caller, frame.nodeId, mode, flags, door.entryAttr());
  return created(door, file, flags);
}

function created(door: Door, file: OpenFile, flags: number): number {
  const opened = enter(door, file.nodeId, file, flags);
  door.relaxed?.created(door.caller);
  door.absences?.made(file.nodeId);
  door.newEntry(file.nodeId);
  return door.reply.createOut(opened.fh, opened.flags, opened.backingId);
}

export function onRelease(door: Door): number {
  const { frame } = door;
  const node = frame.nodeId;
  const fh = frame.u64(releaseIn.fh);
  // close(2) does not wait for it, but what the client does next would.
  door.idle.add(() => {
    door.release(node, fh);
  });
  return door.reply.ok();
}

export function onRead(door: Door): number {
  const { channel, frame, reply } = door;
  const handle = handleOf(frame.u64(readIn.fh));
  const position = frame.place(readIn.offset);
  const size = Math.min(frame.u32(readIn.size), reply.buffer.length - replyHeaderBytes);
  if (size >= passedMin && channel.replyData(door.fs.readingDescriptor(handle), position, size)) {
    door.large.note(0, size);
    return answered;
  }
  const count = door.fs.read(handle, reply.buffer, replyHeaderBytes, size, position);
  if (count >= 0) return reply.withBody(count);
  const buffer = Buffer.allocUnsafeSlow(replyHeaderBytes + size);
  const reading = door.fs.readLater(handle, buffer, replyHeaderBytes, size, position);
  return door.later(reading, (late, length) => late.withBody(length), buffer);
}

export function onWrite(door: Door): number {
  const { frame, channel } = door;
  const fh = frame.u64(writeIn.fh);
  const handle = handleOf(fh);
  const flags = frame.u32(writeIn.writeFlags);
  const isCached = (flags & writeFlag.WRITE_CACHE) !== 0;
  const { buffer } = frame;
  const data = {
    buffer,
    offset: frame.payloadOffset,
    length: frame.payloadLength,
    position: frame.place(writeIn.offset),
    keepTimes: door.writesBack && isCached,
    // The kernel takes no notice of a short count for its pages (fs/fuse/file.c, fuse_writepage_end).
    keptBack: isCached,
  };
  const kill = (flags & writeFlag.WRITE_KILL_SUIDGID) !== 0;
  const dropping = kill ? dropPrivileges(door, door.who(), frame.nodeId) : undefined;
  // Where its page cache is in between, the kernel syncs by itself (fs/fuse/file.c, fuse_direct_write_iter).
  const asked = isDirect(fh) ? frame.u32(writeIn.flags) & O_SYNC : 0;
  if (dropping === undefined && asked === 0 && data.length <= writeNowMax) {
    return door.reply.writeOut(door.fs.write(handle, data));
  }
  // It may fail. Were a write under way then, it would write what is read into the buffer next.
  try {
    channel.detachRequest();
  } catch (thrown) {
    dropping?.catch(() => undefined);
    throw thrown;
  }
  const write = async (): Promise<number> => {
    const count = await door.fs.writeLater(handle, data);
    if (asked !== 0) await door.fs.fsync(handle, asked === O_DSYNC);
    return count;
  };
  const writing = dropping === undefined ? write() : dropping.then(write);
  const length = door.later(
    writing.finally(() => {
      channel.recycle(buffer);
    }),
    (reply, count) => reply.writeOut(count),
  );
  frame.rebind(channel.request);
  return length;
}

export function onFsync(door: Door): number {
  const { frame } = door;
  const dataOnly = (frame.u32(fsyncIn.fsyncFlags) & fsyncFlag.DATASYNC) !== 0;
  return door.settle(door.fs.fsync(handleOf(frame.u64(fsyncIn.fh)), dataOnly), (reply) => reply.ok());
}

export function onFallocate(door: Door): number {
  const { frame } = door;
  const done = door.fs.fallocate(
    handleOf(frame.u64(fallocateIn.fh)),
    frame.u32(fallocateIn.mode),
    frame.place(fallocateIn.offset),
    frame.place(fallocateIn.length),
  );
  return door.settle(done, (reply) => reply.ok());
}

export function onLseek(door: Door): number {
  const { frame } = door;
  const handle = handleOf(frame.u64(lseekIn.fh));
  const offset = frame.i64(lseekIn.offset);
  const whence = frame.u32(lseekIn.whence);
  if (!door.writesBack) return door.reply.lseekOut(door.fs.lseek(handle, offset, whence));
  // What the kernel keeps back would look like a hole: it writes that out when its pages are dropped.
  const flush = notifyInvalInode(frame.nodeId, 0, 0);
  return door.later(door.channel.sendAsync(flush, flush.length), (reply) =>
    reply.lseekOut(door.fs.lseek(handle, offset, whence)),
  );
}

export function onCopyFileRange(door: Door): number {
  const { frame } = door;
  const copying = door.fs.copyFileRange(
    { handle: handleOf(frame.u64(copyFileRangeIn.fhIn)), offset: frame.place(copyFileRangeIn.offIn) },
    { handle: handleOf(frame.u64(copyFileRangeIn.fhOut)), offset: frame.place(copyFileRangeIn.offOut) },
    Math.min(frame.u64(copyFileRangeIn.length), maxCopy),
  );
  return door.settle(copying, (reply, count) => reply.writeOut(count));
}

export function onCopyFileRange64(door: Door): number {
  const { frame } = door;
  const copying = door.fs.copyFileRange(
    { handle: handleOf(frame.u64(copyFileRangeIn.fhIn)), offset: frame.place(copyFileRangeIn.offIn) },
    { handle: handleOf(frame.u64(copyFileRangeIn.fhOut)), offset: frame.place(copyFileRangeIn.offOut) },
    Math.min(frame.u64(copyFileRangeIn.length), maxCopy),
  );
  return door.settle(copying, (reply, count) => reply.copyFileRangeOut(count));
}

export function onPoll(door: Door): number {
  return door.reply.pollOut(alwaysReady & door.frame.u32(pollIn.events));
}
