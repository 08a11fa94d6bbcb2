/**
 * A call of `stratafs` as native/handover.c tells it, raw, to the process that serves already. Whatever is not a plain
 * mount that this process may serve is left to the caller, which then starts Node and finds out by itself what is
 * wrong: there is one place for messages.
 */
import { asName, type Name } from '../../base/name.ts';
import { programIdentity } from '../../os/own-process.ts';
import { findRealPath } from '../../os/real-path.ts';
import { parseCommandLine } from '../command-line.ts';
import { checkLayers, checkMountPoint } from '../mount-checks.ts';
import { placesOf, type LayerPaths, type MountSpec } from '../mount-spec.ts';
import { mustBeAlone, readStack } from './must-be-alone.ts';

/** Texts are bytes, latin1. */
export interface Call {
  /** As what the launcher was called, without its directory. */
  readonly name: string;
  /** The file of the server that it would start. */
  readonly program: string;
  /** Where it was called. */
  readonly directory: string;
  /** Whether its environment asks for sharing. */
  readonly asked: boolean;
  readonly arguments: readonly string[];
}

/** What means something else in each process, or may. */
const ofOneProcess = /(?:^|\/)(?:proc|dev)(?:\/|$)/;

/**
 * The mount that a call asks for, with paths as `checkLayers` answers them; undefined where the caller must see to it.
 * `program` is the identity of the program that serves.
 */
export async function findMountOf(call: Call, program: string): Promise<MountSpec | undefined> {
  try {
    if (programIdentity(call.program) !== program) return undefined;
    const name = call.name === 'fuse-overlayfs' ? ['--as=fuse-overlayfs'] : [];
    const command = parseCommandLine([...name, ...call.arguments], asName(call.directory));
    if (command.act !== 'mount' || command.foreground || command.unknown.length > 0) return undefined;
    const { spec } = command;
    if (!(spec.shared || call.asked) || placesOf(spec).some((path) => ofOneProcess.test(path))) {
      return undefined;
    }
    const found = await resolve(spec);
    if (mustBeAlone(placesOf(found), readStack())) return undefined;
    return {
      ...found,
      mountPoint: checkMountPoint(found.mountPoint).realPath,
      layers: checkLayers(found.layers),
    };
  } catch {
    // It meets the same, and tells it.
    return undefined;
  }
}

async function resolve(spec: MountSpec): Promise<MountSpec> {
  const [mountPoint, layers] = await Promise.all([findRealPath(spec.mountPoint), resolveLayers(spec.layers)]);
  return { ...spec, mountPoint, layers };
}

async function resolveLayers({ lower, dataOnly, upper, work }: LayerPaths): Promise<LayerPaths> {
  const maybe = async (path: Name | undefined): Promise<Name | undefined> =>
    path === undefined ? undefined : findRealPath(path);
  const found = await Promise.all([
    Promise.all(lower.map(findRealPath)),
    Promise.all(dataOnly.map(findRealPath)),
    maybe(upper),
    maybe(work),
  ]);
  return { lower: found[0], dataOnly: found[1], upper: found[2], work: found[3] };
}
