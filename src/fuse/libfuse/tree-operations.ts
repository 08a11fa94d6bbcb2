/**
 * Operations that make, move and remove names. Each tells the places that it made or made wrong.
 */
import { Attr } from '../../vfs/attr.ts';
import type { NodeId } from '../../base/ids.ts';
import type { Name } from '../../base/name.ts';
import type { Later } from '../../vfs/file-system.ts';
import { after, type PathDoor } from './path-door.ts';
import type { Place } from './path-nodes.ts';
import { bytesOf, namesOf } from './text.ts';

export function mknod(door: PathDoor, path: string, mode: number, rdev: number): Later<void> {
  // The kernel's encoding of a device number in 32 bits (new_encode_dev), for mknodat(2).
  const major = (rdev >>> 8) & 0xfff;
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
  return making(door, path, (parent, name) =>
    door.fs.mknod(door.caller, parent, name, mode, major * 2 ** 20 + minor, door.attr),
  );
}

export function mkdir(door: PathDoor, path: string, mode: number): Later<void> {
  return making(door, path, (parent, name) => door.fs.mkdir(door.caller, parent, name, mode, door.attr));
}

export function symlink(door: PathDoor, target: string, path: string): Later<void> {
  const bytes = bytesOf(target);
  return making(door, path, (parent, name) => door.fs.symlink(door.caller, parent, name, bytes, door.attr));
}

export function link(door: PathDoor, path: string, newPath: string): Later<void> {
  return door.at(path, (node) =>
    making(door, newPath, (parent, name) => door.fs.link(door.caller, node, parent, name, new Attr())),
  );
}

function making(
  door: PathDoor,
  path: string,
  make: (parent: NodeId, name: Name) => Later<NodeId>,
): Later<void> {
  return door.in(path, (parent, name) =>
    after(make(parent.node, name), (node) => {
      door.nodes.adopt(parent, name, node);
    }),
  );
}

export function unlink(door: PathDoor, path: string): Later<void> {
  if (door.files.endHidden(path)) return;
  return door.in(path, (parent, name) => remove(door, parent, name));
}

function remove(door: PathDoor, parent: Place, name: Name): Later<void> {
  return after(door.fs.unlink(door.caller, parent.node, name), () => {
    door.nodes.drop(parent, name);
  });
}

export function rmdir(door: PathDoor, path: string): Later<void> {
  return door.in(path, (parent, name) => {
    door.fs.rmdir(parent.node, name);
    door.nodes.drop(parent, name);
  });
}

export function rename(door: PathDoor, path: string, newPath: string): Later<void> {
  const place = door.nodes.enter(namesOf(path));
  if (door.files.isHiding(place, newPath)) return door.using(place, () => hide(door, path, newPath, place));
  door.nodes.leave(place);
  return door.in(path, (parent, name) =>
    door.in(newPath, (newParent, newName) =>
      after(
        door.fs.rename(
          door.caller,
          { parent: parent.node, name },
          { parent: newParent.node, name: newName },
          0,
        ),
        () => {
          door.nodes.drop(parent, name);
          door.nodes.drop(newParent, newName);
        },
      ),
    ),
  );
}

function hide(door: PathDoor, path: string, hiddenPath: string, place: Place): Later<void> {
  const removing = door.in(path, (parent, name) => remove(door, parent, name));
  return after(removing, () => {
    door.nodes.use(place);
    door.files.hide(hiddenPath, place);
  });
}
