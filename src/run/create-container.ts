/**
 * Making a container of an image and what was asked: its layers, its volumes, filled where they are empty, its
 * definition last. Until that is written there is no container, and what a failure leaves is taken away.
 */
import { closeSync } from 'node:fs';
import { hostname as hostName } from 'node:os';
import { dirname, posix } from 'node:path';
import { findVariable } from '../base/environment.ts';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { InRoot } from '../os/in-root.ts';
import { tellingNoSpace } from '../store/no-space.ts';
import { capabilitiesOf, type CapabilityChanges } from './capabilities.ts';
import { addContainer, beginContainer, checkContainerName, getContainer } from './container-book.ts';
import { fillInitLayer } from './container-files.ts';
import { checkBindSource, volumesOf } from './container-mounts.ts';
import type { Container } from './container.ts';
import { removeFiles } from './end-run.ts';
import type { Engine, FoundImage, ImageDefaults } from './engine.ts';
import type { Limits } from './limits.ts';
import { mountTarget, orderMounts, type MountRequest, type VolumeRequest } from './mount-request.ts';
import { mergeEnv } from './parse-env.ts';
import { checkGroup, parseUser } from './parse-user.ts';
import type { SeccompChoice } from './seccomp.ts';
import { signalNumber } from './signal-container.ts';
import type { Sysctls } from './sysctls.ts';
import { fillVolume } from './use-volume.ts';
import { anonymousVolumeName } from './volume-name.ts';
import { claimVolume, forgetNote, noteVolumes } from './volume-users.ts';

/** What was asked on the command line; undefined and empty: what the image says. */
export interface ContainerRequest {
  readonly image: string;
  readonly args: readonly string[];
  readonly name?: string | undefined;
  /** One word; empty: none, also where the image has one. */
  readonly entrypoint?: string | undefined;
  readonly env: readonly string[];
  readonly workingDir?: string | undefined;
  readonly user?: string | undefined;
  readonly groupAdd: readonly string[];
  readonly hostname?: string | undefined;
  readonly terminal: boolean;
  readonly openStdin: boolean;
  readonly stdinOnce: boolean;
  readonly network: 'host' | 'none';
  readonly readOnlyRoot: boolean;
  readonly sysctls: Sysctls;
  readonly limits: Limits;
  readonly capabilities: CapabilityChanges;
  readonly noNewPrivileges: boolean;
  readonly privileged: boolean;
  readonly seccomp: SeccompChoice | undefined;
  readonly mounts: readonly MountRequest[];
  /** `CONTAINER[:ro]`: volumes and binds as that one has them. */
  readonly volumesFrom: readonly string[];
  readonly runtime?: string | undefined;
  readonly autoRemove: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal?: string | undefined;
  readonly stopTimeout?: number | undefined;
}

/** Docker's for what goes wrong before a container is there. */
const exitCode = 125;

/** UserError for what cannot be; nothing is left then but directories that were made for `-v`. */
export async function createContainer(engine: Engine, request: ContainerRequest): Promise<Container> {
  // Before the work; whether it is still free is asked again when the container is written.
  if (request.name !== undefined) await checkContainerName(engine, request.name);
  const image = await engine.layers.getImage(request.image);
  const given = [...request.mounts, ...(await mountsFrom(engine, request))];
  const wanted = orderMounts([...given, ...imageVolumes(image, given)]);
  for (const mount of wanted) if (mount.type === 'bind') checkBindSource(mount);
  const draft = define(image, request);
  const { id, lock } = beginContainer(engine);
  const anonymousVolumes: string[] = [];
  const container: Container = { ...draft, id, mounts: [], anonymousVolumes };
  try {
    return await tellingNoSpace(dirname(engine.containers), async () => {
      await engine.layers.create(id, image.id, fillInitLayer);
      const mounts = wanted.map((mount) =>
        mount.type === 'volume' ? nameVolume(mount, anonymousVolumes) : mount,
      );
      await claimVolumes(engine, id, mounts);
      await fillVolumes(engine, id, mounts);
      const hostname = draft.hostname === '' ? id.slice(0, 12) : draft.hostname;
      const made = await addContainer(engine, { ...container, hostname, mounts });
      await forgetNote(engine, id);
      return made;
    });
  } catch (thrown) {
    await removeFiles(engine, container, { volumes: true });
    throw thrown;
  } finally {
    lock.release();
  }
}

function define(
  image: FoundImage,
  request: ContainerRequest,
): Omit<Container, 'id' | 'mounts' | 'anonymousVolumes'> {
  const { defaults } = image;
  const workingDir = given(request.workingDir) ?? given(defaults.WorkingDir) ?? '/';
  if (!workingDir.startsWith('/'))
    throw new UserError(
      'bad-workdir',
      `the working directory '${workingDir}' is invalid, it needs to be an absolute path`,
      { exitCode },
    );
  const user = given(request.user) ?? given(defaults.User) ?? '';
  parseUser(user);
  request.groupAdd.forEach(checkGroup);
  capabilitiesOf(request.capabilities);
  return {
    name: request.name ?? '',
    created: new Date().toISOString(),
    image: { id: image.id, name: request.image },
    ...commandOf(defaults, request),
    env: mergeEnv(defaults.Env ?? [], request.env, findVariable),
    workingDir,
    user,
    groupAdd: request.groupAdd,
    hostname: request.hostname ?? (request.network === 'host' ? hostName() : ''),
    terminal: request.terminal,
    openStdin: request.openStdin,
    stdinOnce: request.stdinOnce,
    network: request.network,
    readOnlyRoot: request.readOnlyRoot,
    sysctls: request.sysctls,
    limits: request.limits,
    capabilities: request.capabilities,
    noNewPrivileges: request.noNewPrivileges,
    privileged: request.privileged,
    volumesFrom: request.volumesFrom,
    ...(request.seccomp === undefined ? {} : { seccomp: request.seccomp }),
    ...(request.runtime === undefined ? {} : { runtime: request.runtime }),
    autoRemove: request.autoRemove,
    labels: { ...defaults.Labels, ...request.labels },
    stopSignal: stopSignalOf(request) ?? stopSignalIn(defaults) ?? 'SIGTERM',
    stopTimeout: request.stopTimeout,
  };
}

/** UserError `bad-signal`. */
function stopSignalOf({ stopSignal }: ContainerRequest): string | undefined {
  if (stopSignal !== undefined) signalNumber(stopSignal);
  return stopSignal;
}

/** Undefined for what is no signal, as in Docker: nobody could stop the container by it. */
function stopSignalIn({ StopSignal }: ImageDefaults): string | undefined {
  const signal = given(StopSignal);
  try {
    if (signal !== undefined) signalNumber(signal);
    return signal;
  } catch (thrown) {
    if (thrown instanceof UserError) return undefined;
    throw thrown;
  }
}

/** A new entrypoint takes the image's arguments away too. */
function commandOf(
  defaults: ImageDefaults,
  { entrypoint, args }: ContainerRequest,
): Pick<Container, 'entrypoint' | 'command'> {
  const head = entrypoint === undefined ? (defaults.Entrypoint ?? []) : entrypoint === '' ? [] : [entrypoint];
  const command = args.length > 0 || entrypoint !== undefined ? args : (defaults.Cmd ?? []);
  if (head.length + command.length === 0)
    throw new UserError('no-command', 'no command specified', {
      hint: 'the image names none: put one after it',
      exitCode,
    });
  return { entrypoint: head, command };
}

/** What other containers have, where nothing else was asked to be. */
async function mountsFrom(
  engine: Engine,
  { mounts, volumesFrom }: ContainerRequest,
): Promise<MountRequest[]> {
  const found = new Map<string, MountRequest>();
  for (const text of volumesFrom) {
    const [name = '', ...modes] = text.split(':');
    const mode = modes.join(':');
    if (modes.length > 0 && mode !== 'ro' && mode !== 'rw')
      throw new UserError('bad-mount', `invalid mode: ${mode}`, {
        hint: '--volumes-from takes CONTAINER, CONTAINER:ro or CONTAINER:rw',
        exitCode,
      });
    for (const mount of (await getContainer(engine, name)).mounts) {
      if (mount.type === 'tmpfs' || mounts.some(({ target }) => target === mount.target)) continue;
      const readOnly = mount.readOnly || mode === 'ro';
      // The other container's data, empty or not, is none of the image's.
      const own = mount.type === 'volume' ? { ...mount, noCopy: true } : mount;
      found.set(mount.target, { ...own, readOnly, askedBy: undefined });
    }
  }
  return [...found.values()];
}

/** Those that the image asks for, where nothing else was asked to be. Its paths are in any spelling, from its root. */
function imageVolumes({ defaults }: FoundImage, mounts: readonly MountRequest[]): VolumeRequest[] {
  const targets = Object.keys(defaults.Volumes ?? {}).map((path) => mountTarget(posix.resolve('/', path)));
  const taken = new Set(mounts.map(({ target }) => target));
  return [...new Set(targets)]
    .filter((target) => !taken.has(target))
    .map((target) => ({ type: 'volume', source: undefined, target, readOnly: false, noCopy: false }));
}

function nameVolume(mount: VolumeRequest, anonymous: string[]): VolumeRequest {
  const source = mount.source ?? anonymousVolumeName();
  if (mount.source === undefined) anonymous.push(source);
  return { ...mount, source };
}

/** Volumes that are not there are made; all stay for the container that has yet to be written. */
async function claimVolumes(engine: Engine, id: string, mounts: readonly MountRequest[]): Promise<void> {
  const volumes = volumesOf(mounts);
  await noteVolumes(
    engine,
    id,
    volumes.map(({ source = '' }) => source),
  );
  for (const { source = '', driver, driverOptions = {}, labels = {} } of volumes) {
    const request = { options: driverOptions, labels };
    await claimVolume(engine, source, driver === undefined ? request : { ...request, driver });
  }
}

/** Each volume that is empty gets what the image has in its place. */
async function fillVolumes(engine: Engine, id: string, mounts: readonly MountRequest[]): Promise<void> {
  const volumes = volumesOf(mounts).filter(({ noCopy, subpath }) => !noCopy && subpath === undefined);
  if (volumes.length === 0) return;
  const root = new InRoot(await engine.layers.mount(id));
  try {
    for (const { source = '', target } of volumes) {
      const from = root.findDirectory(nameFromText(target));
      if (from === undefined) continue;
      try {
        await fillVolume(engine, source, from);
      } finally {
        closeSync(from);
      }
    }
  } finally {
    root.close();
    await engine.layers.unmount(id);
  }
}

function given(text: string | null | undefined): string | undefined {
  return text === null || text === '' ? undefined : text;
}
