/**
 * The union as a file system: every operation of `vfs`, each of them one call of the act that has a file
 * of its own. It translates ids to nodes and counts lookups; it knows no protocol.
 */
import { fsError } from '../base/fs-error.ts';
import { noNodeId, rootNodeId, type Fd, type HandleId, type NodeId } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { protectionOf, readProtattr } from '../layer/protattr.ts';
import { S_IFDIR, S_IFLNK } from '../os/constants.ts';
import type { Attr } from '../vfs/attr.ts';
import type { DirectorySink } from '../vfs/directory-sink.ts';
import type {
  Caller,
  FileName,
  FileSystem,
  Later,
  OpenFile,
  SetAttr,
  Statx,
  WrittenData,
} from '../vfs/file-system.ts';
import { readAttributes, readStatx } from './attributes.ts';
import type { UnionCore } from './core.ts';
import { create, type Recipe } from './create.ts';
import { Files } from './files.ts';
import { link } from './link.ts';
import { lookup } from './lookup.ts';
import { DirState } from './node.ts';
import { noteLookup, readdir, readdirplus } from './readdir.ts';
import { namesOf, showRelic } from './relic.ts';
import { unlink, rmdir } from './remove.ts';
import { rename } from './rename.ts';
import { setattr } from './setattr.ts';
import {
  getflags,
  getxattr,
  hasNoXattrs,
  listxattr,
  removexattr,
  setflags,
  setxattr,
  type NewAttribute,
} from './xattrs.ts';

export class Union implements FileSystem {
  readonly #core: UnionCore;
  readonly #files: Files;
  readonly #onClose: () => Promise<void>;

  /** `onClose` frees what the core was made of. */
  constructor(core: UnionCore, onClose: () => Promise<void>) {
    this.#core = core;
    this.#files = new Files(core);
    this.#onClose = onClose;
    this.#addRoot();
  }

  lookup(parent: NodeId, name: Name, attr: Attr): NodeId {
    const directory = this.#core.nodes.get(parent);
    const node = lookup(this.#core, directory, name, attr);
    if (node === undefined) return noNodeId;
    noteLookup(directory);
    node.lookups += 1;
    return node.id;
  }

  forget(node: NodeId, count: number): boolean {
    return this.#core.nodes.forget(node, count);
  }

  getattr(node: NodeId, attr: Attr): void {
    const { nodes } = this.#core;
    const asked = nodes.get(node);
    const heir = nodes.findHeir(asked);
    readAttributes(this.#core, heir ?? asked, attr);
    if (heir !== undefined) showRelic(this.#core, asked, attr);
  }

  statx(node: NodeId, attr: Attr): Statx {
    const { nodes } = this.#core;
    const asked = nodes.get(node);
    const heir = nodes.findHeir(asked);
    const extra = readStatx(this.#core, heir ?? asked, attr);
    if (heir !== undefined) showRelic(this.#core, asked, attr);
    return extra;
  }

  setattr(caller: Caller, node: NodeId, change: SetAttr): Later<void> {
    return setattr(this.#core, caller, this.#core.nodes.current(node), change);
  }

  readlink(id: NodeId): Name {
    const node = this.#core.nodes.get(id);
    if (node.type !== S_IFLNK) throw fsError('EINVAL');
    return this.#core.fs.readlinkat(this.#core.at(node.place), node.place.name);
  }

  mknod(caller: Caller, parent: NodeId, name: Name, mode: number, rdev: number, attr: Attr): NodeId {
    return this.#create(caller, parent, name, { mode, rdev, target: undefined }, attr);
  }

  mkdir(caller: Caller, parent: NodeId, name: Name, mode: number, attr: Attr): NodeId {
    const recipe = { mode: (mode & 0o7777) | S_IFDIR, rdev: 0, target: undefined };
    return this.#create(caller, parent, name, recipe, attr);
  }

  symlink(caller: Caller, parent: NodeId, name: Name, target: Name, attr: Attr): NodeId {
    return this.#create(caller, parent, name, { mode: S_IFLNK | 0o777, rdev: 0, target }, attr);
  }

  link(caller: Caller, id: NodeId, parent: NodeId, name: Name, attr: Attr): Later<NodeId> {
    const node = this.#core.nodes.current(id);
    const to = { parent: this.#core.nodes.get(parent), name };
    const linking = link(this.#core, node, to, attr, caller.unique);
    const answer = (): NodeId => {
      node.lookups += 1;
      return node.id;
    };
    return linking === undefined ? answer() : linking.then(answer);
  }

  unlink(caller: Caller, parent: NodeId, name: Name): Later<void> {
    return unlink(this.#core, this.#core.nodes.get(parent), name, caller.unique);
  }

  rmdir(parent: NodeId, name: Name): void {
    rmdir(this.#core, this.#core.nodes.get(parent), name);
  }

  rename(
    caller: Caller,
    from: { readonly parent: NodeId; readonly name: Name },
    to: { readonly parent: NodeId; readonly name: Name },
    flags: number,
  ): Later<readonly NodeId[]> {
    const { nodes } = this.#core;
    return rename(
      this.#core,
      { parent: nodes.get(from.parent), name: from.name },
      { parent: nodes.get(to.parent), name: to.name },
      flags,
      caller.unique,
    );
  }

  readdir(node: NodeId, cookie: number, sink: DirectorySink): void {
    readdir(this.#core, this.#core.nodes.get(node), cookie, sink);
  }

  readdirplus(node: NodeId, cookie: number, sink: DirectorySink): void {
    readdirplus(this.#core, this.#core.nodes.get(node), cookie, sink);
  }

  fsyncdir(id: NodeId, dataOnly: boolean): Later<void> {
    const core = this.#core;
    const upper = core.nodes.get(id).dir?.upper;
    if (upper === undefined || !core.features.sync) return undefined;
    const fd = core.fs.reopen(core.dirs.fd(upper), 0);
    return core.fs.fsync(fd, dataOnly).finally(() => {
      core.fs.close(fd);
    });
  }

  statfs(block: Buffer, offset: number): void {
    const layer = this.#core.upper ?? this.#core.lowers[0];
    if (layer !== undefined) this.#core.fs.statfs(layer.root, block, offset);
  }

  getxattr(node: NodeId, name: Name): Buffer | undefined {
    return getxattr(this.#core, this.#core.nodes.current(node), name);
  }

  listxattr(caller: Caller, node: NodeId): readonly Name[] {
    return listxattr(this.#core, caller, this.#core.nodes.current(node));
  }

  hasNoXattrs(node: NodeId): boolean {
    return hasNoXattrs(this.#core, this.#core.nodes.current(node));
  }

  setxattr(caller: Caller, node: NodeId, attribute: NewAttribute): Later<void> {
    return setxattr(this.#core, this.#core.nodes.current(node), attribute, caller.unique);
  }

  removexattr(caller: Caller, node: NodeId, name: Name): Later<void> {
    return removexattr(this.#core, this.#core.nodes.current(node), name, caller.unique);
  }

  getflags(node: NodeId): number {
    return getflags(this.#core, this.#core.nodes.current(node));
  }

  setflags(caller: Caller, node: NodeId, flags: number): Later<void> {
    return setflags(this.#core, this.#core.nodes.current(node), flags, caller.unique);
  }

  create(caller: Caller, parent: NodeId, name: Name, mode: number, flags: number, attr: Attr): OpenFile {
    return this.#files.create(caller, this.#core.nodes.get(parent), name, mode, flags, attr);
  }

  tmpfile(caller: Caller, parent: NodeId, mode: number, flags: number, attr: Attr): OpenFile {
    return this.#files.tmpfile(caller, this.#core.nodes.get(parent), mode, flags, attr);
  }

  open(caller: Caller, node: NodeId, flags: number): Later<OpenFile> {
    return this.#files.open(this.#core.nodes.get(node), flags, caller.unique);
  }

  release(handle: HandleId): void {
    this.#files.release(handle);
  }

  descriptor(handle: HandleId): number {
    return this.#files.descriptor(handle);
  }

  readingDescriptor(handle: HandleId): Fd {
    return this.#files.readingDescriptor(handle);
  }

  read(handle: HandleId, buffer: Buffer, offset: number, length: number, position: number): number {
    return this.#files.read(handle, buffer, offset, length, position);
  }

  firstData(node: NodeId, buffer: Buffer, offset: number, length: number): number {
    return this.knows(node) ? this.#files.firstData(this.#core.nodes.get(node), buffer, offset, length) : 0;
  }

  readLater(
    handle: HandleId,
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<number> {
    return this.#files.readLater(handle, buffer, offset, length, position);
  }

  write(handle: HandleId, data: WrittenData): number {
    return this.#files.write(handle, data);
  }

  writeLater(handle: HandleId, data: WrittenData): Promise<number> {
    return this.#files.writeLater(handle, data);
  }

  fsync(handle: HandleId, dataOnly: boolean): Later<void> {
    const { node } = this.#files.get(handle);
    return this.#files.fsync(this.#core.nodes.findHeir(node) ?? node, dataOnly);
  }

  fallocate(handle: HandleId, mode: number, offset: number, length: number): Later<void> {
    return this.#files.fallocate(handle, mode, offset, length);
  }

  lseek(handle: HandleId, offset: number, whence: number): number {
    return this.#files.lseek(handle, offset, whence);
  }

  copyFileRange(
    from: { readonly handle: HandleId; readonly offset: number },
    to: { readonly handle: HandleId; readonly offset: number },
    length: number,
  ): Later<number> {
    return this.#files.copyFileRange(from, to, length);
  }

  knows(node: NodeId): boolean {
    return this.#core.nodes.has(node);
  }

  current(node: NodeId): NodeId {
    return this.#core.nodes.current(node).id;
  }

  names(node: NodeId): readonly FileName[] {
    return namesOf(this.#core.nodes.get(node));
  }

  renew(node: NodeId): void {
    this.#files.renew(this.#core.nodes.get(node));
  }

  interrupt(unique: number): void {
    this.#core.interrupts.interrupt(unique);
  }

  countAlso(requests: () => Readonly<Record<string, number>>): void {
    this.#core.requests = requests;
  }

  trim(): void {
    this.#core.listings.clear();
  }

  close(): Promise<void> {
    return this.#onClose();
  }

  #create(caller: Caller, parent: NodeId, name: Name, recipe: Recipe, attr: Attr): NodeId {
    const node = create(this.#core, caller, this.#core.nodes.get(parent), name, recipe, attr);
    node.lookups += 1;
    return node.id;
  }

  #addRoot(): void {
    const core = this.#core;
    const upper = core.upper?.rootDir;
    const lowers = core.lowers.map((layer) => layer.rootDir);
    const root = core.nodes.add(S_IFDIR, undefined, asName(''));
    if (root.id !== rootNodeId) throw new Error('the root must be the first node');
    root.lookups = 1;
    root.upper = upper;
    root.lower = lowers[0];
    root.dir = new DirState(upper, lowers, false);
    const attr = core.scratch;
    if (upper !== undefined) {
      core.fs.statx(core.at(upper), upper.name, attr.buffer, attr.offset);
      // The kernel's overlayfs writes it for its root, too, though it forgets it over a remount.
      const kept = readProtattr(core.fs, core.at(upper), upper.name, core.names);
      root.sealed = protectionOf(core.fs.stat) | kept;
    }
    const top = lowers[0] ?? upper;
    if (top === undefined) throw new Error('a union without layers');
    core.fs.statx(core.at(top), top.name, attr.buffer, attr.offset);
    core.setIno(root, top, attr.inoLow, attr.inoHigh);
  }
}
