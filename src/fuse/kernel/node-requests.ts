/**
 * Requests about names and attributes. Each handler reads the frame, calls the file system, and writes
 * the reply; it answers the reply's length, or 0 when the reply comes later or never.
 */
import { errno } from '../../base/errno.ts';
import { noNodeId, type NodeId } from '../../base/ids.ts';
import { utimeNow, type TimeSpec } from '../../base/time-spec.ts';
import { Attr } from '../../vfs/attr.ts';
import type { SetAttr } from '../../vfs/file-system.ts';
import { setattrValid } from '../../wire/flags.ts';
import { replyHeaderBytes, statxOffset } from '../../wire/reply.ts';
import {
  batchForgetIn,
  batchForgetOne,
  forgetIn,
  interruptIn,
  linkIn,
  mkdirIn,
  mknodIn,
  rename2In,
  renameIn,
  setattrIn,
} from '../../wire/requests.ts';
import type { Burst } from './burst.ts';
import type { Door } from './door.ts';
import { putStatx } from './statx-reply.ts';

export function onLookup(door: Door): number {
  const { frame } = door;
  const node = door.fs.lookup(frame.nodeId, frame.name(0), door.entryAttr());
  return node === noNodeId ? door.reply.negativeEntryOut(door.modes.nameTtl) : door.newEntry(node);
}

export function onForget(door: Door, burst: Burst): number {
  burst.forgot(1);
  door.forget(door.frame.nodeId, door.frame.u64(forgetIn.nlookup));
  return 0;
}

export function onBatchForget(door: Door, burst: Burst): number {
  const { frame } = door;
  const count = frame.u32(batchForgetIn.count);
  burst.forgot(count);
  for (let i = 0; i < count; i++) {
    const at = batchForgetIn.bytes + i * batchForgetOne.bytes;
    door.forget(frame.u64(at + batchForgetOne.nodeId) as NodeId, frame.u64(at + batchForgetOne.nlookup));
  }
  return 0;
}

export function onInterrupt(door: Door): number {
  const unique = door.frame.uniqueAt(interruptIn.unique);
  door.interruptions.interrupt(unique, () => {
    door.fs.interrupt(unique);
  });
  door.modes.changes.interrupt(unique);
  return 0;
}

export function onGetattr(door: Door): number {
  return door.attributes(door.reply, door.frame.nodeId);
}

export function onStatx(door: Door): number {
  const { reply, attr, frame } = door;
  attr.buffer = door.statxBlock;
  attr.offset = 0;
  const extra = door.fs.statx(frame.nodeId, attr);
  putStatx(reply.buffer, statxOffset, attr, extra);
  return reply.statxOut(door.modes.attrTtl(frame.nodeId));
}

/**
 * A SETATTR with nothing else to set is how the kernel says that setuid and setgid must be dropped: by a write
 * that passes through, or a chown(2) to nobody, which comes with a time where it writes back.
 */
const saysNothing = setattrValid.CTIME | setattrValid.FH | setattrValid.LOCKOWNER;

export function onSetattr(door: Door): number {
  const { frame } = door;
  const node = frame.nodeId;
  const valid = frame.u32(setattrIn.valid);
  door.repeats?.end(node);
  const has = (bit: number): boolean => (valid & bit) !== 0;
  // A kernel that keeps written data back tells the time of change, too, and no other does.
  const writesBack = has(setattrValid.CTIME);
  const asksNothing = (valid & ~saysNothing) === 0;
  const change: SetAttr = {
    mode: has(setattrValid.MODE) ? frame.u32(setattrIn.mode) : undefined,
    uid: has(setattrValid.UID) ? frame.u32(setattrIn.uid) : undefined,
    gid: has(setattrValid.GID) ? frame.u32(setattrIn.gid) : undefined,
    size: has(setattrValid.SIZE) ? frame.place(setattrIn.size) : undefined,
    atime: has(setattrValid.ATIME)
      ? time(door, has(setattrValid.ATIME_NOW), setattrIn.atime, setattrIn.atimeNsec)
      : undefined,
    mtime: has(setattrValid.MTIME)
      ? time(door, has(setattrValid.MTIME_NOW), setattrIn.mtime, setattrIn.mtimeNsec)
      : undefined,
    mtimeIsPresent: has(setattrValid.MTIME) && writesBack && hasEqualTimes(door),
    // Its own writing back names a file that is open, which a change by path does not.
    mtimeMayBeOfWriting: has(setattrValid.MTIME) && writesBack && has(setattrValid.FH),
    // Where it keeps written data back it trusts its own times, and tells none for a size that the file has already
    // (fs/fuse/dir.c, fuse_do_setattr).
    keepsMtime: door.writesBack && has(setattrValid.SIZE) && !has(setattrValid.MTIME),
    killPriv: has(setattrValid.KILL_SUIDGID) || asksNothing,
    asksNothing,
  };
  const { relaxed } = door;
  const setting =
    relaxed === undefined || change.size === undefined
      ? door.fs.setattr(door.who(), node, change)
      : relaxed.resize({ caller: { ...door.who() }, node, change, hasHandle: has(setattrValid.FH) });
  return door.settle(setting, (reply) => door.attributes(reply, node));
}

/** A kernel that keeps written data back says the present as a time, as which it tells the time of change, too. */
function hasEqualTimes({ frame }: Door): boolean {
  return (
    frame.i64(setattrIn.mtime) === frame.i64(setattrIn.ctime) &&
    frame.u32(setattrIn.mtimeNsec) === frame.u32(setattrIn.ctimeNsec)
  );
}

function time(door: Door, now: boolean, sec: number, nsec: number): TimeSpec {
  return now ? utimeNow : { sec: door.frame.i64(sec), nsec: door.frame.u32(nsec) };
}

export function onReadlink(door: Door): number {
  return door.reply.latin1(door.fs.readlink(door.frame.nodeId));
}

export function onMknod(door: Door): number {
  const { frame } = door;
  const caller = door.who(frame.u32(mknodIn.umask));
  // The kernel's encoding of a device number in 32 bits (new_encode_dev), for mknodat(2).
  const device = frame.u32(mknodIn.rdev);
  const major = (device >>> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >>> 12) & 0xfff00);
  const rdev = major * 2 ** 20 + minor;
  const mode = frame.u32(mknodIn.mode);
  const attr = door.entryAttr();
  return door.newEntry(door.fs.mknod(caller, frame.nodeId, frame.name(0), mode, rdev, attr));
}

export function onMkdir(door: Door): number {
  const { frame } = door;
  const caller = door.who(frame.u32(mkdirIn.umask));
  const mode = frame.u32(mkdirIn.mode);
  return door.newEntry(door.fs.mkdir(caller, frame.nodeId, frame.name(0), mode, door.entryAttr()));
}

/** Its frame has the new name first, then the target. */
export function onSymlink(door: Door): number {
  const { frame } = door;
  const [name, target] = [frame.name(0), frame.name(1)];
  return door.newEntry(door.fs.symlink(door.who(), frame.nodeId, name, target, door.entryAttr()));
}

export function onLink(door: Door): number {
  const { frame } = door;
  const old = frame.u64(linkIn.oldNodeId) as NodeId;
  const attr = new Attr();
  const linking = door.fs.link(door.who(), old, frame.nodeId, frame.name(0), attr);
  return door.settle(linking, (reply, node) => door.linked(reply, node, attr));
}

export function onUnlink(door: Door): number {
  const { frame } = door;
  return door.settle(door.fs.unlink(door.who(), frame.nodeId, frame.name(0)), (reply) => reply.ok());
}

export function onRmdir(door: Door): number {
  door.fs.rmdir(door.frame.nodeId, door.frame.name(0));
  return door.reply.ok();
}

export function onRename(door: Door): number {
  return rename(door, door.frame.u64(renameIn.newDir) as NodeId, 0);
}

export function onRename2(door: Door): number {
  const { frame } = door;
  return rename(door, frame.u64(rename2In.newDir) as NodeId, frame.u32(rename2In.flags));
}

function rename(door: Door, newParent: NodeId, flags: number): number {
  const { frame } = door;
  const from = { parent: frame.nodeId, name: frame.name(0) };
  const to = { parent: newParent, name: frame.name(1) };
  return door.settle(door.fs.rename(door.who(), from, to, flags), (reply, moved) => {
    for (const node of moved) door.forgetListing(node);
    return reply.ok();
  });
}

export function onStatfs(door: Door): number {
  door.fs.statfs(door.reply.buffer, replyHeaderBytes);
  return door.reply.withBody(80);
}

/** Only asked without default_permissions, which we never mount without. */
export function onAccess(door: Door): number {
  return door.reply.ok();
}

/** For what only a block device could answer. */
export function onBmap(door: Door): number {
  return door.reply.error(errno.EINVAL);
}
