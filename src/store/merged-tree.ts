/**
 * An image as a tree in memory: layer over layer, each name with the layer that made it. What a later layer
 * deletes or replaces is told to whoever asks, with what it costs. It is made from what the driver says has changed,
 * so it is the same for every driver.
 */
import type { LayerChange } from './driver.ts';
import type { Layer } from './layer-db.ts';
import type { Store } from './store.ts';

const typeMask = 0o170000;
const directoryType = 0o040000;

export interface TreeNode {
  /** The last component, latin1. */
  readonly name: string;
  mode: number;
  size: number;
  /** Position of the layer that made it, or changed it last; 0 at the bottom. */
  layer: number;
  /** By name; undefined for what is no directory. */
  children: Map<string, TreeNode> | undefined;
}

/** A file of an earlier layer that does not show any more. */
export interface HiddenFile {
  readonly path: string;
  readonly size: number;
  /** Positions of the layers that brought it, and that hid it. */
  readonly from: number;
  readonly by: number;
  readonly how: 'deleted' | 'replaced';
}

export class MergedTree {
  readonly root: TreeNode = { name: '', mode: 0o040755, size: 0, layer: 0, children: new Map() };
  readonly hidden: HiddenFile[] = [];

  /** Puts one more layer on top: its changes in the order of their paths. */
  add(layer: number, changes: readonly LayerChange[]): void {
    for (const change of changes) {
      const slash = change.path.lastIndexOf('/');
      const parent = slash < 0 ? this.root : this.find(change.path.slice(0, slash));
      const name = change.path.slice(slash + 1);
      if (parent?.children === undefined) continue;
      const before = parent.children.get(name);
      if (change.kind === 'deleted') {
        if (before !== undefined) this.#hide(change.path, before, layer, 'deleted');
        parent.children.delete(name);
        continue;
      }
      const isDirectory = (change.mode & typeMask) === directoryType;
      if (before !== undefined && !(isDirectory && before.children !== undefined)) {
        this.#hide(change.path, before, layer, 'replaced');
      }
      const children = isDirectory ? (before?.children ?? new Map<string, TreeNode>()) : undefined;
      parent.children.set(name, { name, mode: change.mode, size: change.size, layer, children });
    }
  }

  /** By its path from the root, without a slash in front. */
  find(path: string): TreeNode | undefined {
    let node: TreeNode | undefined = this.root;
    for (const name of path.split('/').filter((part) => part !== '')) node = node?.children?.get(name);
    return node;
  }

  #hide(path: string, node: TreeNode, by: number, how: HiddenFile['how']): void {
    if (node.children === undefined) {
      this.hidden.push({ path, size: node.size, from: node.layer, by, how });
      return;
    }
    for (const child of node.children.values()) this.#hide(`${path}/${child.name}`, child, by, how);
  }
}

/** Every object of a tree, a directory before what is in it, names in the order of their bytes. */
export function* walkTree(
  node: TreeNode,
  prefix = '',
): Generator<{ readonly path: string; readonly node: TreeNode }, void, undefined> {
  for (const [name, child] of [...(node.children ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const path = `${prefix}${name}`;
    yield { path, node: child };
    yield* walkTree(child, `${path}/`);
  }
}

/** The tree of these layers, from the bottom. */
export async function readMergedTree(store: Store, layers: readonly Layer[]): Promise<MergedTree> {
  const tree = new MergedTree();
  for (const [index, layer] of layers.entries()) {
    tree.add(index, await store.driver.changes(layer.cacheId, layers[index - 1]?.cacheId));
  }
  return tree;
}
