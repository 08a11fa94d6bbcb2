/**
 * The tree of a container that does not run, with its volumes and directories of the machine where it would have them, in
 * a mount namespace that nobody else sees. Mount points that are missing are made, as by a start.
 */
import { closeSync, existsSync, readlinkSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { O_PATH } from '../os/constants.ts';
import { fdPath, InRoot } from '../os/in-root.ts';
import type { Container } from './container.ts';
import type { Engine } from './engine.ts';
import { openMountNamespace, type MountNamespace } from './mount-namespace.ts';
import type { MountRequest } from './mount-request.ts';
import { withVolume } from './use-volume.ts';

interface Source {
  readonly path: string;
  readonly target: string;
  readonly recursive: boolean;
  readonly readOnly: boolean;
}

/**
 * Runs `act` with the root, which the holder of `withContainer` has at rest. What is there only while a container runs, file
 * systems in memory and parts of volumes, is not seen. Where `act` writes, what the container could not write is read-only.
 * UserError.
 */
export function withView<T>(
  engine: Engine,
  container: Container,
  { writes }: { readonly writes: boolean },
  act: (root: string) => Promise<T>,
): Promise<T> {
  return withSources(engine, container.mounts, [], async (sources) => {
    const root = await engine.layers.mount(container.id);
    try {
      const readOnlyRoot = writes && container.readOnlyRoot;
      if (sources.length === 0 && !readOnlyRoot) return await act(root);
      const namespace = await openMountNamespace();
      try {
        await mountAll(namespace, root, sources, { writes, readOnlyRoot });
        return await act(namespace.at(root));
      } finally {
        await namespace.close();
      }
    } finally {
      await engine.layers.unmount(container.id);
    }
  });
}

/** Of those mounts that are there without a run, in their order; a directory of the machine that has gone is left out. */
async function withSources<T>(
  engine: Engine,
  [mount, ...rest]: readonly MountRequest[],
  found: readonly Source[],
  act: (sources: readonly Source[]) => Promise<T>,
): Promise<T> {
  if (mount === undefined) return act(found);
  const { target } = mount;
  const next = (path: string, recursive: boolean, readOnly: boolean): Promise<T> =>
    withSources(engine, rest, [...found, { path, target, recursive, readOnly }], act);
  if (mount.type === 'bind' && existsSync(mount.source))
    return next(mount.source, mount.recursive, mount.readOnly);
  if (mount.type === 'volume' && mount.subpath === undefined)
    return withVolume(engine, mount.source ?? '', (content) => next(content, true, mount.readOnly));
  return withSources(engine, rest, found, act);
}

async function mountAll(
  namespace: MountNamespace,
  root: string,
  sources: readonly Source[],
  { writes, readOnlyRoot }: { readonly writes: boolean; readonly readOnlyRoot: boolean },
): Promise<void> {
  if (readOnlyRoot) await namespace.bind(root, root, { recursive: false });
  const placed: (Source & { readonly place: string })[] = [];
  for (const source of sources) {
    const place = makePlace(namespace.at(root), source);
    await namespace.bind(source.path, place, source);
    placed.push({ ...source, place });
  }
  // The mount points in them are made by now.
  for (const { place, recursive, readOnly } of placed)
    if (writes && readOnly) await namespace.setReadOnly(place, { recursive });
  if (readOnlyRoot) await namespace.setReadOnly(root, { recursive: false });
}

/** The mount point in the tree at `root`, as a path in the namespace without links. */
function makePlace(root: string, { path, target }: Source): string {
  const inside = new InRoot(root);
  try {
    const name = nameFromText(target);
    const isDirectory = statSync(path).isDirectory();
    closeSync(inside.makeDirectory(isDirectory ? name : nameFromText(dirname(target))).directory);
    if (!isDirectory) inside.makeFile(name);
    const place = inside.open(name, O_PATH);
    try {
      return readlinkSync(fdPath(place));
    } finally {
      closeSync(place);
    }
  } finally {
    inside.close();
  }
}
