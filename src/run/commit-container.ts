/**
 * `strata commit`: what a container has changed becomes a layer, and with it an image whose configuration is that of
 * the container.
 */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { UserError } from '../base/user-error.ts';
import type { ImageId } from '../store/ids.ts';
import type { Reference } from '../store/reference.ts';
import type { Store } from '../store/store.ts';
import { Workspace } from '../store/workspace.ts';
import { readStatus, type Container } from './container.ts';
import { volumesOf } from './container-mounts.ts';
import type { Engine } from './engine.ts';
import type { StoreLayers } from './store-layers.ts';

export interface CommitOptions {
  readonly reference?: Reference | undefined;
  readonly author?: string | undefined;
  readonly message?: string | undefined;
}

/** Answers the id of the new image. UserError `container-running`: its layer changes under our eyes. */
export async function commitContainer(
  { engine, layers, store }: { readonly engine: Engine; readonly layers: StoreLayers; readonly store: Store },
  container: Container,
  options: CommitOptions,
): Promise<ImageId> {
  if ((await readStatus(engine, container.id)).status === 'running')
    throw new UserError('container-running', `container ${container.name} is running: its files change`, {
      hint: `stop it first: strata stop ${container.name}`,
    });
  return Workspace.use(store, async (workspace) => {
    const base = await store.images.findImage(container.image.id as ImageId);
    if (base === undefined)
      throw new UserError('no-such-image', `the image of ${container.name}, ${container.image.id}, is gone`);
    const chainId = await workspace.addLayer(base.chain.at(-1), (id, parent) =>
      store.driver.applyDiff(id, parent, layerTar(layers, container.id)),
    );
    const { diffId } = await store.layers.getLayer(chainId);
    const created = new Date().toISOString();
    const text = JSON.stringify({
      ...base.config,
      created,
      ...(options.author === undefined ? {} : { author: options.author }),
      config: { ...base.config.config, ...imageDefaults(container) },
      rootfs: { type: 'layers', diff_ids: [...base.config.rootfs.diff_ids, diffId] },
      history: [
        ...(base.config.history ?? []),
        {
          created,
          created_by: [...container.entrypoint, ...container.command].join(' '),
          ...(options.author === undefined ? {} : { author: options.author }),
          ...(options.message === undefined ? {} : { comment: options.message }),
        },
      ],
    });
    return workspace.addImage(
      text,
      [...base.chain, chainId],
      options.reference === undefined ? [] : [options.reference],
    );
  });
}

function imageDefaults(container: Container): object {
  const volumes = volumesOf(container.mounts).map(({ target }) => [target, {}]);
  return {
    Entrypoint: container.entrypoint.length === 0 ? null : container.entrypoint,
    Cmd: container.command,
    Env: container.env,
    WorkingDir: container.workingDir,
    User: container.user,
    Labels: container.labels,
    ...(volumes.length === 0 ? {} : { Volumes: Object.fromEntries(volumes) as object }),
  };
}

async function* layerTar(layers: StoreLayers, id: string): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = new PassThrough({ highWaterMark: 1 << 20 });
  const written = layers
    .diff(id, async (chunk) => {
      if (!stream.write(chunk)) await once(stream, 'drain');
    })
    .then(
      () => stream.end(),
      (thrown: unknown) => stream.destroy(thrown as Error),
    );
  yield* stream as AsyncIterable<Uint8Array>;
  await written;
}
