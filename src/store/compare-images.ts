/**
 * `strata diff IMAGE IMAGE`: what differs between two images. Only names that the layers above the common ones have
 * touched are compared, by type, mode and content; times are not.
 */
import { nameToText } from '../base/name.ts';
import type { Image } from './image-db.ts';
import { withLayerView, type LayerView } from './layer-view.ts';
import { MergedTree, walkTree, type TreeNode } from './merged-tree.ts';
import type { Layer } from './layer-db.ts';
import type { Store } from './store.ts';

export interface ImageDifference {
  readonly kind: 'added' | 'modified' | 'deleted';
  readonly path: string;
  /** Bytes before and after, of regular files. */
  readonly before: number;
  readonly after: number;
}

/** From one to the other, sorted by path. For a holder of the root's lock. */
export async function compareImages(store: Store, from: Image, to: Image): Promise<ImageDifference[]> {
  let common = 0;
  while (common < from.chain.length && from.chain[common] === to.chain[common]) common += 1;
  return withLayerView(store, from, (oldView) =>
    withLayerView(store, to, async (newView) =>
      compareSides(
        { ...(await above(store, from, common)), view: oldView },
        { ...(await above(store, to, common)), view: newView },
      ),
    ),
  );
}

async function compareSides(before: Side, after: Side): Promise<ImageDifference[]> {
  const differences: ImageDifference[] = [];
  for (const path of [...new Set([...before.touched, ...after.touched])].sort()) {
    const [old, now] = [before.tree.find(path), after.tree.find(path)];
    const difference = await compareNodes(path, old, now, () => sameContent(before.view, after.view, path));
    if (difference !== undefined) differences.push(difference);
  }
  return withoutBelowDeleted(differences);
}

interface Side {
  readonly tree: MergedTree;
  /** Paths that the layers above the common ones have changed. */
  readonly touched: ReadonlySet<string>;
  readonly view: LayerView;
}

async function above(store: Store, image: Image, common: number): Promise<Omit<Side, 'view'>> {
  const layers: Layer[] = [];
  for (const chainId of image.chain) layers.push(await store.layers.getLayer(chainId));
  const tree = new MergedTree();
  const touched = new Set<string>();
  for (const [index, layer] of layers.entries()) {
    const changes = await store.driver.changes(layer.cacheId, layers[index - 1]?.cacheId);
    tree.add(index, changes);
    if (index < common) continue;
    for (const { path } of changes) touched.add(path);
  }
  for (const path of [...touched]) {
    const node = tree.find(path);
    if (node !== undefined) for (const inner of walkTree(node, `${path}/`)) touched.add(inner.path);
  }
  return { tree, touched };
}

async function compareNodes(
  path: string,
  old: TreeNode | undefined,
  now: TreeNode | undefined,
  isSame: () => Promise<boolean>,
): Promise<ImageDifference | undefined> {
  const row = { path: nameToText(path), before: old?.size ?? 0, after: now?.size ?? 0 };
  if (old === undefined) return now === undefined ? undefined : { ...row, kind: 'added' };
  if (now === undefined) return { ...row, kind: 'deleted' };
  if (old.mode !== now.mode || old.size !== now.size) return { ...row, kind: 'modified' };
  return (await isSame()) ? undefined : { ...row, kind: 'modified' };
}

async function sameContent(one: LayerView, other: LayerView, path: string): Promise<boolean> {
  return (await one.digest(path)) === (await other.digest(path));
}

/** A deleted directory stands for what was in it. */
function withoutBelowDeleted(differences: readonly ImageDifference[]): ImageDifference[] {
  const deleted = new Set(differences.filter(({ kind }) => kind === 'deleted').map(({ path }) => path));
  return differences.filter(({ path, kind }) => {
    if (kind !== 'deleted') return true;
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      if (deleted.has(path.slice(0, at))) return false;
    }
    return true;
  });
}
