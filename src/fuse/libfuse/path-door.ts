/**
 * What the operations of libfuse share: the file system, the way from a path to a node and back, open files, and
 * who asks. libfuse tells fuse-native who asks, fuse-native tells nobody: it is always the owner of the mount, and
 * without allow_other the kernel lets nobody else in.
 */
import type { NodeId } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { Name } from '../../base/name.ts';
import { fsError } from '../../base/fs-error.ts';
import { Attr } from '../../vfs/attr.ts';
import type { Caller, FileSystem, Later } from '../../vfs/file-system.ts';
import { InodeNumbers } from './inode-numbers.ts';
import { OpenFiles } from './open-files.ts';
import { PathNodes, type Place } from './path-nodes.ts';
import { putAttr, statWords } from './records.ts';
import { namesOf } from './text.ts';

export interface PathDoorParts {
  readonly fs: FileSystem;
  readonly log: Log;
  /** Who made the mount, and a process of theirs: what is created is theirs, and they see what it may see. */
  readonly owner: { readonly uid: number; readonly gid: number; readonly pid: number };
  /** Others change the layers: nothing may be told that was found out earlier. */
  readonly layersChange: boolean;
}

export class PathDoor {
  readonly fs: FileSystem;
  readonly log: Log;
  readonly caller: Caller;
  readonly numbers = new InodeNumbers();
  readonly nodes: PathNodes;
  readonly files: OpenFiles;
  readonly attr = new Attr();
  /** The attributes that are answered next: fuse-native copies them at once. */
  readonly words = new Uint32Array(statWords);

  constructor({ fs, log, owner, layersChange }: PathDoorParts) {
    this.fs = fs;
    this.log = log;
    // The kernel has taken the umask off every mode, since libfuse 2 does not ask it not to.
    this.caller = { ...owner, umask: 0, unique: 0 };
    this.nodes = new PathNodes(fs, layersChange);
    this.files = new OpenFiles((place) => {
      this.nodes.leave(place);
    });
  }

  /** Runs `act` on what is at `path`. */
  at<T>(path: string, act: (node: NodeId) => Later<T>): Later<T> {
    const hidden = this.files.findHidden(path);
    if (hidden !== undefined) return act(hidden.node);
    return this.using(this.nodes.enter(namesOf(path)), ({ node }) => act(node));
  }

  /** Runs `act` on the directory of `path` and the name in it. */
  in<T>(path: string, act: (parent: Place, name: Name) => Later<T>): Later<T> {
    const names = namesOf(path);
    const name = names.pop();
    // Nothing makes, renames or removes the root.
    if (name === undefined) throw fsError('EBUSY');
    return this.using(this.nodes.enter(names), (parent) => act(parent, name));
  }

  /** Runs `act` and ends the use of `place`, whatever comes of it. */
  using<T>(place: Place, act: (place: Place) => Later<T>): Later<T> {
    let result: Later<T>;
    try {
      result = act(place);
    } catch (thrown) {
      this.nodes.leave(place);
      throw thrown;
    }
    if (result instanceof Promise) {
      return result.finally(() => {
        this.nodes.leave(place);
      });
    }
    this.nodes.leave(place);
    return result;
  }

  /** Fills `words`, for a client that asks by `path`. */
  putAttributes(node: NodeId, path: string): void {
    this.fs.getattr(node, this.attr);
    // libfuse takes one off, for the name that it thinks it has put in the place of the real one.
    if (this.attr.nlink > 0 && this.files.findHidden(path) !== undefined) this.attr.nlink += 1;
    putAttr(this.words, this.attr, this.numbers);
  }
}

/** `next` after `result`. */
export function after<T, U>(result: Later<T>, next: (value: T) => U): Later<U> {
  return result instanceof Promise ? result.then(next) : next(result);
}
