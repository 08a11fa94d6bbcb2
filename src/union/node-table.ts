/**
 * The nodes that the client knows, by id, and those with several names, by inode. Ids count up and are
 * never used again. A node leaves when the client has forgotten it, nothing has it open, and none of
 * its children is left. A node that was renewed has another id, and leaves after what stands for it
 * under the old one: see `relic.ts`.
 */
import { fsError } from '../base/fs-error.ts';
import { rootNodeId, type NodeId } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import { Links } from './links.ts';
import { Node } from './node.ts';

export class NodeTable {
  readonly #byId = new Map<NodeId, Node>();
  readonly #byKey = new Map<string, Node>();
  /** What stands under an old id of a node, and the node. */
  readonly #heirs = new Map<Node, Node>();
  readonly #relicCounts = new Map<Node, number>();
  readonly #onLeave: (node: Node) => void;
  #nextId: number = rootNodeId;

  /** `onLeave` frees what a node holds outside. */
  constructor(onLeave: (node: Node) => void) {
    this.#onLeave = onLeave;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** A new node, the child of `parent` from now on. */
  add(type: number, parent: Node | undefined, name: Name): Node {
    const node = new Node(this.#nextId++ as NodeId, type, parent, name);
    this.#byId.set(node.id, node);
    parent?.dir?.children.set(name, node);
    return node;
  }

  has(id: NodeId): boolean {
    return this.#byId.has(id);
  }

  /** ESTALE for an id that is not known (any more). */
  get(id: NodeId): Node {
    const node = this.#byId.get(id);
    if (node === undefined) throw fsError('ESTALE');
    return node;
  }

  /** The same; for the old id of a node that was renewed, that node. */
  current(id: NodeId): Node {
    const node = this.get(id);
    return this.findHeir(node) ?? node;
  }

  /** The node for which this one stands under an old id. */
  findHeir(relic: Node): Node | undefined {
    return this.#heirs.size === 0 ? undefined : this.#heirs.get(relic);
  }

  /**
   * Gives `node` a new id, which the client does not know yet. Answers what stands under the old one: a node
   * without names, with the lookups.
   */
  renew(node: Node): Node {
    const relic = new Node(node.id, node.type, undefined, node.name);
    relic.lookups = node.lookups;
    node.lookups = 0;
    node.id = this.#nextId++ as NodeId;
    this.#byId.set(relic.id, relic);
    this.#byId.set(node.id, node);
    this.#heirs.set(relic, node);
    this.#relicCounts.set(node, (this.#relicCounts.get(node) ?? 0) + 1);
    return relic;
  }

  values(): IterableIterator<Node> {
    return this.#byId.values();
  }

  /** Whether `findByKey` can find anything. */
  get hasKeys(): boolean {
    return this.#byKey.size > 0;
  }

  findByKey(key: string): Node | undefined {
    return this.#byKey.get(key);
  }

  addKey(node: Node, key: string): void {
    if (this.#byKey.has(key)) return;
    this.#byKey.set(key, node);
    (node.keys ??= []).push(key);
  }

  dropKeys(node: Node): void {
    for (const key of node.keys ?? []) this.#byKey.delete(key);
    node.keys = undefined;
  }

  addLink(node: Node, parent: Node, name: Name): void {
    parent.dir?.children.set(name, node);
    if (node.parent === undefined && node.id !== rootNodeId) {
      node.parent = parent;
      node.name = name;
      return;
    }
    if (node.parent === parent && node.name === name) return;
    (node.moreLinks ??= new Links()).add(parent, name);
  }

  /** Takes one link away; another known one takes the first place. */
  removeLink(node: Node, parent: Node, name: Name): void {
    if (parent.dir?.children.get(name) === node) parent.dir.children.delete(name);
    if (node.parent === parent && node.name === name) {
      const next = node.moreLinks?.take();
      node.parent = next?.parent;
      if (next !== undefined) node.name = next.name;
    } else {
      node.moreLinks?.delete(parent, name);
    }
    if (node.moreLinks?.size === 0) node.moreLinks = undefined;
    this.leaveIfUnused(parent);
  }

  /** Whether the node is no longer known. */
  forget(id: NodeId, count: number): boolean {
    const node = this.#byId.get(id);
    if (node === undefined) return true;
    node.lookups = Math.max(0, node.lookups - count);
    this.leaveIfUnused(node);
    return !this.#byId.has(id);
  }

  /** Takes the node away if nobody needs it, and the parents of all its links likewise. */
  leaveIfUnused(node: Node): void {
    let others: Node[] | undefined;
    for (let candidate: Node | undefined = node; candidate !== undefined;) {
      if (!this.#isUnused(candidate) || !this.#byId.delete(candidate.id)) {
        candidate = others?.pop();
        continue;
      }
      this.dropKeys(candidate);
      for (const link of candidate.moreLinks ?? []) {
        if (link.parent.dir?.children.get(link.name) === candidate)
          link.parent.dir.children.delete(link.name);
        (others ??= []).push(link.parent);
      }
      const parent: Node | undefined = candidate.parent;
      if (parent?.dir?.children.get(candidate.name) === candidate) parent.dir.children.delete(candidate.name);
      this.#onLeave(candidate);
      candidate = parent ?? this.#disinherit(candidate) ?? others?.pop();
    }
  }

  #isUnused(node: Node): boolean {
    if (node.lookups > 0 || node.opens > 0 || node.id === rootNodeId) return false;
    if (node.busy !== undefined || (node.dir?.children.size ?? 0) > 0) return false;
    return this.#relicCounts.size === 0 || !this.#relicCounts.has(node);
  }

  /** A relic has left: answers the node for which it stood. */
  #disinherit(relic: Node): Node | undefined {
    const heir = this.findHeir(relic);
    if (heir === undefined) return undefined;
    this.#heirs.delete(relic);
    const left = (this.#relicCounts.get(heir) ?? 1) - 1;
    if (left > 0) this.#relicCounts.set(heir, left);
    else this.#relicCounts.delete(heir);
    return heir;
  }
}
