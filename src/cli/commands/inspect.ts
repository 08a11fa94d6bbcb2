/** `strata inspect NAME...`: all that is known of containers and images, as JSON. */
import { Command, Option } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { findGiven } from '../../run/container-book.ts';
import { describeContainer } from '../../run/describe-container.ts';
import { imageSize } from '../../store/image-list.ts';
import { namesOf, resolveImage } from '../../store/resolve-image.ts';
import type { Store } from '../../store/store.ts';
import { openEngine } from '../open-engine.ts';
import { printJson } from '../print.ts';

export function inspectCommand(): Command {
  return new Command('inspect')
    .description(
      'all that is known of containers and images, as JSON; a container comes before an image of its name',
    )
    .argument('<name...>')
    .option('--json', 'as JSON, which it is anyway')
    .addOption(new Option('-f, --format <template>').hideHelp())
    .action(async (names: string[], { format }: { readonly format?: string }, command: Command) => {
      if (format !== undefined)
        throw new UserError('no-templates', '--format is not there', {
          hint: `write: strata inspect ${names.join(' ')} | jq '.[0].Mounts'`,
        });
      const { engine, store } = await openEngine(command);
      const found: object[] = [];
      for (const name of names) {
        const container = await findGiven(engine, name);
        found.push(
          container === undefined
            ? await store.lock.shared(() => inspectImage(store, name))
            : await describeContainer(engine, container),
        );
      }
      printJson(found);
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
