/**
 * The changes in a layer of the overlay format while it is mounted, when its directory alone does not tell: names and data
 * may still lie below, under marks that only a mount resolves. So what the mount shows is compared with the tree below,
 * and whatever the directory holds counts as changed, too: a file may have been written and got its old times back.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName } from '../base/name.ts';
import { readChangeSet } from '../layer/change-set.ts';
import { overlayNames } from '../layer/xattr-names.ts';
import { writeLayerTar } from '../oci/layer-writer.ts';
import { S_IFDIR, S_IFMT, S_IFREG } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import type { LayerChange } from './driver.ts';
import { buildDiffTree } from './drivers/diff-tree.ts';
import { treeChanges } from './drivers/tree-changes.ts';
import { createToolFs, withDirectories } from './tool-fs.ts';

export interface MountedLayer {
  /** The tree below, mounted as well. */
  readonly before: string;
  /** What the mount shows. */
  readonly after: string;
  /** The directory that the mount writes to. */
  readonly upper: string;
}

/** In the order of their paths, a directory before what is in it. */
export async function mountedChanges({ before, after, upper }: MountedLayer): Promise<LayerChange[]> {
  const compared = await treeChanges(before, after);
  const known = new Map(compared.map((change) => [change.path, change]));
  const fs = createToolFs();
  await withDirectories(fs, [upper, after], ([held, shown]) => {
    if (held === undefined || shown === undefined) return;
    for (const { path, kind, mode } of readChangeSet(fs, held, overlayNames(false))) {
      if (kind === 'deleted' || (mode & S_IFMT) === S_IFDIR) continue;
      for (const one of [path, ...parentsOf(path)]) if (!known.has(one)) addModified(fs, shown, one, known);
    }
  });
  return [...known.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Writes the changes as a layer tar. `scratch` does not exist, and is the caller's to remove; nothing changes meanwhile. */
export async function writeMountedDiff(
  layer: MountedLayer,
  scratch: string,
  sink: (chunk: Buffer) => Promise<void> | void,
): Promise<void> {
  await buildDiffTree(layer.after, scratch, await mountedChanges(layer));
  await writeLayerTar(scratch, sink);
}

function addModified(fs: HostFs, shown: Fd, path: string, to: Map<string, LayerChange>): void {
  try {
    if (!fs.findStatx(shown, asName(path))) return;
  } catch (thrown) {
    // One of its directories is a file by now.
    if (isFsError(thrown, 'ENOTDIR')) return;
    throw thrown;
  }
  const mode = fs.stat[st.mode] ?? 0;
  const size = (mode & S_IFMT) === S_IFREG ? (fs.stat[st.size] ?? 0) : 0;
  to.set(path, { path, kind: 'modified', mode, size });
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
