/**
 * `strata export`: the whole tree of an image as one tar, which any tar reads.
 */
import { once } from 'node:events';
import { UserError } from '../base/user-error.ts';
import { writeLayerTar } from '../oci/layer-writer.ts';
import { writeOutput } from './output-file.ts';
import { resolveImage } from './resolve-image.ts';
import type { Store } from './store.ts';
import { Workspace } from './workspace.ts';

/** To the file `output`, or to standard output. UserError `empty-image`, and those of `resolveImage` and `writeOutput`. */
export function exportImage(store: Store, name: string, output: string | undefined): Promise<void> {
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
      if (output === undefined) {
        await writeLayerTar(tree, async (chunk) => {
          if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
        });
        return;
      }
      await writeOutput(output, async (file) => {
        await writeLayerTar(tree, (chunk) => file.writeFile(chunk));
      });
    } finally {
      await store.driver.put(cacheId);
    }
  });
}
