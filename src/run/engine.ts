/**
 * What the acts on containers have in common: where their files lie, the volumes, and the layers, which somebody
 * else keeps. It is put together by the program.
 */
import { join } from 'node:path';
import type { Volumes } from './volumes.ts';

/** What an image says of its containers (OCI image specification, config.md). */
export interface ImageDefaults {
  readonly Entrypoint?: readonly string[] | null | undefined;
  readonly Cmd?: readonly string[] | null | undefined;
  readonly Env?: readonly string[] | null | undefined;
  readonly WorkingDir?: string | null | undefined;
  readonly User?: string | null | undefined;
  readonly Volumes?: Readonly<Record<string, unknown>> | null | undefined;
  readonly Labels?: Readonly<Record<string, string>> | null | undefined;
  readonly StopSignal?: string | null | undefined;
  readonly ExposedPorts?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface FoundImage {
  /** `sha256:...` */
  readonly id: string;
  readonly defaults: ImageDefaults;
}

/** The writable layers of containers, each over an init layer over the layers of its image. */
export interface ContainerLayers {
  /** UserError where there is none such. */
  getImage(reference: string): Promise<FoundImage>;
  /** Makes the layers of a container; `fill` writes into the init layer, whose tree is at `root`. */
  create(id: string, imageId: string, fill: (root: string) => void): Promise<void>;
  /** Shows the tree of a container until `unmount`, also when this process has ended. Again: the same place. */
  mount(id: string): Promise<string>;
  /** Nothing when it is not mounted. */
  unmount(id: string): Promise<void>;
  /** Takes the writable and the init layer away; nothing when they are gone. */
  remove(id: string): Promise<void>;
}

export interface Engine {
  /** `containers` of the data root. */
  readonly containers: string;
  /** A directory that the next boot empties. */
  readonly runRoot: string;
  readonly volumes: Volumes;
  readonly layers: ContainerLayers;
  /** The program and arguments that end a run; the container's id and the run's are put after them. */
  readonly exitCommand: readonly string[];
}

/** What lies in the data root of one container. */
export function containerPath(
  engine: Pick<Engine, 'containers'>,
  id: string,
  ...names: readonly string[]
): string {
  return join(engine.containers, id, ...names);
}

/** What a container has printed, in all of its runs. The name is Docker's. */
export function logPath(engine: Pick<Engine, 'containers'>, id: string): string {
  return containerPath(engine, id, `${id}-json.log`);
}

/** Where the bundles of all that runs are. */
export function bundlesPath(runRoot: string): string {
  return join(runRoot, 'bundles');
}

/** The bundle of a container that runs, with the sockets of its conmon. */
export function bundlePath(engine: Engine, id: string, ...names: readonly string[]): string {
  return join(bundlesPath(engine.runRoot), id, ...names);
}

/** Where conmon writes an exit status, in a file with the container's id. It outlives a container that is removed. */
export function exitsPath(engine: Engine): string {
  return join(engine.runRoot, 'exits');
}

/** The control group of what a runtime knows as `id`, below the root of each hierarchy. */
export function controlGroup(id: string): string {
  return `/strata-${id}`;
}

/** Where a runtime keeps what it knows. */
export function runtimeState(engine: Engine): string {
  return join(engine.runRoot, 'runtime');
}
