/**
 * `strata export`: the whole tree of an image as one tar, which any tar reads. It is no layer: what programs in it see as
 * attributes or names is in the tar as such.
 */
import { asName, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { plainXattrName } from '../oci/layer-xattrs.ts';
import type { ChunkSink } from '../oci/tar-output.ts';
import { writeTreeTar } from '../oci/tree-writer.ts';
import { resolveImage } from './resolve-image.ts';
import type { Store } from './store.ts';
import { createToolFs, withDirectories } from './tool-fs.ts';
import { Workspace } from './workspace.ts';

/**
 * `toOutput` calls what it is given, once, with where the tar goes. UserError `empty-image`, and those of `resolveImage` and
 * `writeTreeTar`; whatever `toOutput` throws.
 */
export function exportImage(
  store: Store,
  name: string,
  toOutput: (write: (sink: ChunkSink) => Promise<void>) => Promise<void>,
): Promise<void> {
  return Workspace.use(store, async (workspace) => {
    const { cacheId } = await store.lock.shared(async () => {
      const { image } = await resolveImage(store, name);
      const top = image.chain.at(-1);
      if (top === undefined) throw new UserError('empty-image', `${name} has no layers`);
      await workspace.hold(top);
      return store.layers.getLayer(top);
    });
    const tree = await store.driver.get(cacheId, { title: `export ${name}` });
    try {
      await toOutput((sink) => writeTree(tree, sink));
    } finally {
      await store.driver.put(cacheId);
    }
  });
}

function writeTree(tree: string, sink: ChunkSink): Promise<void> {
  const fs = createToolFs();
  return withDirectories(fs, [tree], async ([directory]) => {
    if (directory === undefined) return;
    const keeps = (attribute: Name): boolean => plainXattrName(attribute) !== undefined;
    const content = { as: asName(''), keeps, enters: () => false };
    await writeTreeTar(fs, { directory, name: asName('') }, content, sink);
  });
}
