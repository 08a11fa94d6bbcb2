/**
 * Reading directories. OPENDIR is refused with ENOSYS, so that the kernel caches directories by itself
 * and READDIR comes by node and cookie alone. Where others change the layers it is granted, without a handle
 * that means anything: then the kernel asks each time.
 */
import { errno } from '../../base/errno.ts';
import { fsyncFlag } from '../../wire/flags.ts';
import { fsyncIn, readIn } from '../../wire/requests.ts';
import type { Door } from './door.ts';
import type { ReplySink } from './reply-sink.ts';
import type { WalkAhead } from './walk-ahead.ts';

export function onReaddir(door: Door, sink: ReplySink): number {
  const { frame } = door;
  sink.start(frame.u32(readIn.size), false);
  door.fs.readdir(frame.nodeId, frame.u64(readIn.offset), sink);
  return door.reply.withBody(sink.length);
}

export function onReaddirplus(door: Door, walk: WalkAhead): number {
  const { frame } = door;
  return door.reply.withBody(walk.read(frame.nodeId, frame.u64(readIn.offset), frame.u32(readIn.size)));
}

export function onFsyncdir(door: Door): number {
  const { frame } = door;
  const dataOnly = (frame.u32(fsyncIn.fsyncFlags) & fsyncFlag.DATASYNC) !== 0;
  return door.settle(door.fs.fsyncdir(frame.nodeId, dataOnly), (reply) => reply.ok());
}

export function onOpendir(door: Door): number {
  return door.layersChange ? door.reply.openOut(0, 0) : neverAskAgain(door);
}

export function onReleasedir(door: Door): number {
  return door.reply.ok();
}

/** The kernel remembers ENOSYS for the whole connection: it never asks again. */
export function neverAskAgain(door: Door): number {
  return door.reply.error(errno.ENOSYS);
}
