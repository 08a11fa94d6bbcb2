/**
 * What is left under the old id of a file that was renewed. While its data was read from a lower layer by
 * the kernel itself, the file went on under a new id; here is the old one for those who have it open: the
 * data stays what they read, all the rest is that of the file. Nothing is ever written by way of a relic.
 */
import { asName, type Name } from '../base/name.ts';
import { Attr } from '../vfs/attr.ts';
import type { FileName } from '../vfs/file-system.ts';
import type { UnionCore } from './core.ts';
import type { Link, Node } from './node.ts';
import type { OpenNode } from './open-node.ts';
import type { Place } from './real-dir.ts';

/**
 * Renews `node`, whose data its readers have from `shown`, a place in a lower layer. What is open for reading
 * stays with the relic, which counts one lookup more. One step: no system call, nothing of it is seen below.
 */
export function leaveRelic(core: UnionCore, node: Node, shown: Place): void {
  const relic = core.nodes.renew(node);
  relic.lookups += 1;
  relic.lower = shown;
  relic.inoLow = node.inoLow;
  relic.inoHigh = node.inoHigh;
  for (const handle of core.handles.values()) {
    if (handle.node === node && !handle.writable) move(handle, relic);
  }
  if (node.opens === 0) core.data.drop(node);
}

function move(handle: OpenNode, to: Node): void {
  handle.node.opens -= 1;
  handle.node = to;
  to.opens += 1;
}

/** Turns the attributes of the file, in `attr`, into those of its relic. */
export function showRelic(core: UnionCore, relic: Node, attr: Attr): void {
  const { lower } = relic;
  if (relic.opens === 0 || lower === undefined) return;
  const old = new Attr();
  core.fs.statx(core.at(lower), lower.name, old.buffer, old.offset);
  attr.takeData(old);
}

/** All known names of a file, with their paths. */
export function namesOf(node: Node): FileName[] {
  const links: Link[] = [...(node.moreLinks ?? [])];
  if (node.parent !== undefined) links.push({ parent: node.parent, name: node.name });
  return links.map(({ parent, name }) => ({ parent: parent.id, name, path: pathOf(parent, name) }));
}

function pathOf(parent: Node, name: Name): Name {
  const parts: Name[] = [name];
  for (let node = parent; node.parent !== undefined; node = node.parent) {
    parts.push(node.name);
  }
  return asName(`/${parts.reverse().join('/')}`);
}
