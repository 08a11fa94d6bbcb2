/** `strata inspect NAME...`: all that is known of containers and images, as JSON. */
import { Command, Option } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { findGiven, getContainer } from '../../run/container-book.ts';
import type { Container } from '../../run/container.ts';
import { describeContainer } from '../../run/describe-container.ts';
import { readVolumeUsers } from '../../run/volume-users.ts';
import { omitEmpty } from '../../run/omit-empty.ts';
import { imageSize } from '../../store/image-list.ts';
import type { ImageId } from '../../store/ids.ts';
import { namesOf, resolveImage } from '../../store/resolve-image.ts';
import type { Store } from '../../store/store.ts';
import { describeImageConfig } from '../describe-image-config.ts';
import { eachOperand } from '../each-operand.ts';
import { tellFaults } from '../faults.ts';
import { openEngine, type OpenedEngine } from '../open-engine.ts';
import { printInspected } from '../print-inspected.ts';
import { describeVolume } from '../describe-volume.ts';

type Kind = 'container' | 'image' | 'volume';

interface Options {
  readonly format?: string;
  readonly size?: true;
  readonly type?: Kind;
}

/** `kind`: of what `container inspect` and `image inspect` speak; a container comes before an image of its name. */
export function inspectCommand(kind?: Kind): Command {
  const command = new Command('inspect')
    .description(
      kind === undefined
        ? 'all that is known of containers, images and volumes, as JSON; in this order where they share a name'
        : `all that is known of ${kind}s, as JSON`,
    )
    .argument('<name...>')
    .option('-f, --format <template>', 'a template of Go, in place of JSON')
    .option('--json', 'as JSON, which it is anyway');
  if (kind !== 'image') command.option('-s, --size', 'of containers, how much they have written');
  if (kind === undefined)
    command.addOption(
      new Option('--type <kind>', 'look for these alone').choices(['container', 'image', 'volume']),
    );
  return command.action(async (names: string[], { format, size, type }: Options, command: Command) => {
    const opened = await openEngine(command);
    const found: object[] = [];
    await eachOperand(names, async (name) => {
      found.push(await inspect(opened, name, kind ?? type, size === true));
    });
    printInspected(found, format);
  });
}

async function inspect(
  opened: OpenedEngine,
  name: string,
  kind: Kind | undefined,
  size: boolean,
): Promise<object> {
  const { engine, store } = opened;
  if (kind === undefined || kind === 'container') {
    const container = await (kind === undefined ? findGiven : getContainer)(engine, name);
    if (container !== undefined) return inspectContainer(opened, container, size);
  }
  const isVolume = kind !== 'image' && engine.volumes.locate(name) !== undefined;
  const describe = async (): Promise<object> => {
    const { usersOf, faults } = await readVolumeUsers(engine);
    tellFaults(faults);
    return describeVolume(engine.volumes.get(name), usersOf(name));
  };
  if (kind === 'volume') return describe();
  try {
    return await store.lock.shared(() => inspectImage(store, name));
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    if (isVolume) return describe();
    throw kind === undefined && thrown.code === 'no-such-image' ? noSuchObject(name, thrown) : thrown;
  }
}

function noSuchObject(name: string, cause: UserError): UserError {
  return new UserError('no-such-object', `there is no container, image or volume ${name}`, {
    hint: 'strata ps -a, strata images and strata volume ls list them',
    cause,
  });
}

async function inspectContainer(
  { engine, layers, store }: OpenedEngine,
  container: Container,
  withSize: boolean,
): Promise<object> {
  const graphDriver = { Name: store.driver.name, Data: await layers.metadata(container.id) };
  const described = {
    ...(await describeContainer(engine, container)),
    Driver: store.driver.name,
    GraphDriver: graphDriver,
  };
  if (!withSize) return omitEmpty({ ...described, SizeRw: null, SizeRootFs: null }, 'SizeRw', 'SizeRootFs');
  const written = await layers.size(container.id);
  const image = await store.images.findImage(container.image.id as ImageId);
  const below = image === undefined ? 0 : await imageSize(store, image);
  return { ...described, SizeRw: written, SizeRootFs: written + below };
}

/** With the field names of `docker image inspect` where it has them. */
async function inspectImage(store: Store, name: string): Promise<object> {
  const { image } = await resolveImage(store, name);
  const names = namesOf(await store.names.list(), image.id);
  const { config } = image;
  const layers = [];
  let top: Readonly<Record<string, string>> = {};
  for (const chainId of image.chain) {
    const { cacheId, diffId, size } = await store.layers.getLayer(chainId);
    layers.push({
      DiffId: diffId,
      ChainId: chainId,
      Size: size,
      Directory: store.driver.directoryOf(cacheId),
    });
    top = await store.driver.metadata(cacheId);
  }
  return {
    Id: image.id,
    RepoTags: names.filter((reference) => !reference.includes('@')),
    RepoDigests: names.filter((reference) => reference.includes('@')),
    Parent: '',
    Comment: config.history?.at(-1)?.comment ?? '',
    Created: config.created,
    Author: config.author ?? '',
    Config: describeImageConfig(config.config),
    Architecture: config.architecture,
    Os: config.os,
    Size: await imageSize(store, image),
    GraphDriver: { Name: store.driver.name, Data: { ...top, Layers: layers } },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
  };
}
