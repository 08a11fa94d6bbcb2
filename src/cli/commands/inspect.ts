/** `strata inspect IMAGE...`: all that is known of images, as JSON. */
import { Command } from 'commander';
import { imageSize } from '../../store/image-list.ts';
import { namesOf, resolveImage } from '../../store/resolve-image.ts';
import type { Store } from '../../store/store.ts';
import { openStore } from '../open-store.ts';
import { printJson } from '../print.ts';

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('all that is known of images, as JSON')
    .argument('<image...>')
    .option('--json', 'as JSON, which it is anyway')
    .action(async (images: string[], _: unknown, command: Command) => {
      const store = await openStore(command);
      printJson(
        await store.lock.shared(async () => {
          const found = [];
          for (const name of images) found.push(await inspectImage(store, name));
          return found;
        }),
      );
    });
}

/** With the field names of `docker image inspect` where it has them. */
async function inspectImage(store: Store, name: string): Promise<object> {
  const { image } = await resolveImage(store, name);
  const names = namesOf(await store.names.list(), image.id);
  const { config } = image;
  const layers = [];
  for (const chainId of image.chain) {
    const { cacheId, diffId, size } = await store.layers.getLayer(chainId);
    layers.push({
      DiffId: diffId,
      ChainId: chainId,
      Size: size,
      Directory: store.driver.directoryOf(cacheId),
    });
  }
  return {
    Id: image.id,
    RepoTags: names.filter((reference) => !reference.includes('@')),
    RepoDigests: names.filter((reference) => reference.includes('@')),
    Created: config.created,
    Author: config.author ?? '',
    Config: config.config ?? {},
    Architecture: config.architecture,
    Os: config.os,
    Size: await imageSize(store, image),
    GraphDriver: { Name: store.driver.name, Data: { Layers: layers } },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
  };
}
