/**
 * Extended attributes, and the ioctls on inode flags (ioctl_iflags(2), ioctl_xfs_fsgetxattr(2)).
 */
import { errno } from '../../base/errno.ts';
import { fsError } from '../../base/fs-error.ts';
import { asName } from '../../base/name.ts';
import { setxattrFlag } from '../../wire/flags.ts';
import { ioctlDataOffset, replyHeaderBytes } from '../../wire/reply.ts';
import { getxattrIn, ioctlIn, setxattrExtIn, setxattrIn } from '../../wire/requests.ts';
import type { Door } from './door.ts';

/** FS_IOC_GETFLAGS and FS_IOC_SETFLAGS, as 64-bit and 32-bit programs call them (include/uapi/linux/fs.h). */
const getFlags = new Set([0x80086601, 0x80046601]);
const setFlags = new Set([0x40086602, 0x40046602]);

/**
 * FS_IOC_FSGETXATTR, which the kernel asks before it sets any flag (fs/file_attr.c), FS_IOC_FSSETXATTR, and struct fsxattr: flags,
 * and an extent size, a number of extents, a project and a second extent size, which are 0 here.
 */
const getExtended = 0x801c581f;
const setExtended = 0x401c5820;
const extendedBytes = 28;
const extendedFields = { flags: 0, extentSize: 4, project: 12, copyExtentSize: 16 } as const;
/** FS_*_FL and the FS_XFLAG_* of the same meaning. */
const sameFlags: readonly (readonly [flag: number, extended: number])[] = [
  [0x8, 0x20],
  [0x10, 0x8],
  [0x20, 0x10],
  [0x40, 0x80],
  [0x80, 0x40],
];

function extendedFlags(flags: number): number {
  return sameFlags.reduce((all, [flag, extended]) => ((flags & flag) === 0 ? all : all | extended), 0);
}

const mapped = sameFlags.reduce((all, [flag]) => all | flag, 0);
/** FS_XFLAG_HASATTR, which tells and does not ask. */
const told = 0x80000000;

/** The flags that a struct fsxattr asks for, the others as in `before`. EOPNOTSUPP where it asks for what there is not. */
function flagsAsked(struct: Buffer, at: number, before: number): number {
  const field = (offset: number): number => struct.readUInt32LE(at + offset);
  const { flags, extentSize, project, copyExtentSize } = extendedFields;
  const asked = field(flags) & ~told;
  const chosen = sameFlags.reduce(
    (all, [flag, extended]) => ((asked & extended) === 0 ? all : all | flag),
    0,
  );
  const hasMore = field(extentSize) !== 0 || field(project) !== 0 || field(copyExtentSize) !== 0;
  if (hasMore || extendedFlags(chosen) !== asked) throw fsError('EOPNOTSUPP');
  return (before & ~mapped) | chosen;
}

const nothing = Buffer.alloc(0);

export function onGetxattr(door: Door): number {
  const { frame } = door;
  const name = frame.name(0);
  const value = door.fs.getxattr(frame.nodeId, name);
  if (value !== undefined) return answer(door, value);
  door.absences?.note(frame.nodeId, name);
  return door.reply.error(errno.ENODATA);
}

export function onListxattr(door: Door): number {
  const node = door.frame.nodeId;
  const names = door.fs.listxattr(door.who(), node);
  if (names.length === 0) {
    door.absences?.note(node);
    return answer(door, nothing);
  }
  return answer(door, Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1'));
}

/** The value, or, when size 0 was asked for, its size. */
function answer(door: Door, value: Buffer): number {
  const { frame, reply } = door;
  const size = frame.u32(getxattrIn.size);
  if (size === 0) return reply.getxattrOut(value.length);
  if (value.length > size) return reply.error(errno.ERANGE);
  value.copy(reply.buffer, replyHeaderBytes);
  return reply.withBody(value.length);
}

export function onSetxattr(door: Door): number {
  const { frame } = door;
  const killSgid =
    frame.extendedSetxattr && (frame.u32(setxattrExtIn.setxattrFlags) & setxattrFlag.ACL_KILL_SGID) !== 0;
  const node = frame.nodeId;
  door.absences?.end(node);
  const setting = door.fs.setxattr(door.who(), node, {
    name: asName(frame.name(0)),
    // It may be needed after the frame has gone: a copy-up comes first.
    value: Buffer.from(frame.payload()),
    flags: frame.u32(setxattrIn.flags),
    killSgid,
  });
  return door.settle(setting, (reply) => {
    // It may have been asked for while its file was copied up.
    door.absences?.end(node);
    return reply.ok();
  });
}

export function onRemovexattr(door: Door): number {
  const { frame } = door;
  const removing = door.fs.removexattr(door.who(), frame.nodeId, frame.name(0));
  return door.settle(removing, (reply) => reply.ok());
}

export function onIoctl(door: Door): number {
  const { frame, reply } = door;
  const command = frame.u32(ioctlIn.cmd);
  if (command === getExtended) {
    reply.buffer.fill(0, ioctlDataOffset, ioctlDataOffset + extendedBytes);
    reply.buffer.writeUInt32LE(extendedFlags(door.fs.getflags(frame.nodeId)), ioctlDataOffset);
    return reply.ioctlOut(0, extendedBytes);
  }
  if (getFlags.has(command)) {
    reply.buffer.writeUInt32LE(door.fs.getflags(frame.nodeId) >>> 0, ioctlDataOffset);
    return reply.ioctlOut(0, 4);
  }
  if (setFlags.has(command) && frame.payloadLength >= 4) {
    return changeFlags(door, frame.buffer.readUInt32LE(frame.payloadOffset));
  }
  if (command === setExtended && frame.payloadLength >= extendedBytes) {
    return changeFlags(door, flagsAsked(frame.buffer, frame.payloadOffset, door.fs.getflags(frame.nodeId)));
  }
  return reply.error(errno.ENOTTY);
}

function changeFlags(door: Door, flags: number): number {
  const node = door.frame.nodeId;
  door.repeats?.end(node);
  return door.settle(door.fs.setflags(door.who(), node, flags), (late) => {
    // Its ctime is another one, of which the kernel knows nothing.
    door.forgetAttributes(node);
    return late.ioctlOut(0);
  });
}
