/**
 * `strata commit`: what a container has changed becomes a layer, and with it an image whose configuration is that of
 * the container. One that runs is held still while its layer is made, unless told otherwise.
 */
import { UserError } from '../base/user-error.ts';
import type { ImageId } from '../store/ids.ts';
import type { Reference } from '../store/reference.ts';
import type { Store } from '../store/store.ts';
import { tarStream } from '../store/tar-stream.ts';
import { Workspace } from '../store/workspace.ts';
import { readStatus, type Container, type ContainerStatus } from './container.ts';
import { withPresentContainer } from './container-book.ts';
import { volumesOf } from './container-mounts.ts';
import type { Engine, ImageDefaults } from './engine.ts';
import { whileFrozen } from './pause-container.ts';
import type { StoreLayers } from './store-layers.ts';

export interface CommitOptions {
  readonly reference?: Reference | undefined;
  readonly author?: string | undefined;
  readonly message?: string | undefined;
  /** A container that runs is held still; else what it changes meanwhile is in the layer, or an error, as chance has it. */
  readonly pause: boolean;
  /** Makes the image's configuration of the container's. */
  readonly change: (config: object) => object;
  readonly signal?: AbortSignal;
}

interface Parts {
  readonly engine: Engine;
  readonly layers: StoreLayers;
  readonly store: Store;
}

/** Answers the id of the new image. UserError `no-such-container`, `no-such-image`, `pause-failed`; the reason of `signal`. */
export async function commitContainer(
  parts: Parts,
  container: Container,
  options: CommitOptions,
): Promise<ImageId> {
  const { engine } = parts;
  return withPresentContainer(engine, container, async () =>
    commit(parts, container, await readStatus(engine, container.id), options),
  );
}

function commit(
  { engine, layers, store }: Parts,
  container: Container,
  { status }: ContainerStatus,
  options: CommitOptions,
): Promise<ImageId> {
  return Workspace.use(store, async (workspace) => {
    const base = await store.images.findImage(container.image.id as ImageId);
    if (base === undefined)
      throw new UserError('no-such-image', `the image of ${container.name}, ${container.image.id}, is gone`);
    const scratch = await workspace.makeScratch();
    const still = <T>(act: () => Promise<T>): Promise<T> =>
      status === 'running' && options.pause ? whileFrozen(engine, container, act) : act();
    const chainId = await workspace.addLayer(base.chain.at(-1), (id, parent) =>
      still(async () => {
        const tar = tarStream((sink) => layers.diff(container.id, scratch, sink), options.signal);
        return store.driver.applyDiff(id, parent, tar);
      }),
    );
    const { diffId } = await store.layers.getLayer(chainId);
    const created = new Date().toISOString();
    const text = JSON.stringify({
      ...base.config,
      created,
      ...(options.author === undefined ? {} : { author: options.author }),
      config: options.change({
        ...inherited(base.config.config ?? {}),
        ...imageDefaults(container, base.config.config ?? {}),
      }),
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

/** What is for builds over the image is not the container's: as with Docker, it ends there. */
function inherited(image: ImageDefaults): object {
  const isForBuilds = (name: string): boolean => ['OnBuild', 'Shell'].includes(name);
  return Object.fromEntries(Object.entries(image).filter(([name]) => !isForBuilds(name)));
}

/** As Docker's, it asks for volumes where the image did, and where a container was given one without a name. */
function imageDefaults(container: Container, image: ImageDefaults): object {
  const unnamed = volumesOf(container.mounts).filter(({ source = '' }) =>
    container.anonymousVolumes.includes(source),
  );
  const volumes = { ...image.Volumes, ...Object.fromEntries(unnamed.map(({ target }) => [target, {}])) };
  const isOwnSignal = container.stopSignal !== (image.StopSignal ?? 'SIGTERM');
  return {
    Entrypoint: container.entrypoint.length === 0 ? null : container.entrypoint,
    Cmd: container.command,
    Env: container.env,
    WorkingDir: container.workingDir,
    User: container.user,
    Labels: container.labels,
    ...(Object.keys(volumes).length === 0 ? {} : { Volumes: volumes }),
    ...(isOwnSignal ? { StopSignal: container.stopSignal } : {}),
  };
}
