/**
 * What the kernel asks for along with a write, and with an open that truncates, of one who may not keep them:
 * that setuid, setgid and file capabilities go. It comes before anything is written, and what it failed for
 * does not happen.
 */
import type { NodeId } from '../../base/ids.ts';
import type { Caller, Later, OpenFile, SetAttr } from '../../vfs/file-system.ts';
import type { Door } from './door.ts';

const nothingButThem: SetAttr = {
  mode: undefined,
  uid: undefined,
  gid: undefined,
  size: undefined,
  atime: undefined,
  mtime: undefined,
  killPriv: true,
};

/** Takes them from `node`, as `caller`. */
export function dropPrivileges(door: Door, caller: Caller, node: NodeId): Later<void> {
  return door.fs.setattr(caller, node, nothingButThem);
}

/** Opens `node` as FileSystem.open does, and takes them from it. */
export function openWithoutPrivileges(
  door: Door,
  asking: Caller,
  node: NodeId,
  flags: number,
): Later<OpenFile> {
  // That of the door is somebody else's once the file is open.
  const caller = { ...asking };
  const take = (file: OpenFile): Later<OpenFile> => {
    const giveBack = (thrown: unknown): never => {
      door.fs.release(file.id);
      throw thrown;
    };
    try {
      const dropping = dropPrivileges(door, caller, file.nodeId);
      return dropping === undefined ? file : dropping.then(() => file, giveBack);
    } catch (thrown) {
      return giveBack(thrown);
    }
  };
  const opening = door.fs.open(caller, node, flags);
  return opening instanceof Promise ? opening.then(take) : take(opening);
}
