/**
 * A place in a container, as the container sees it: what is mounted over its root counts. Of one that runs that is the view
 * of its first process; of one that does not, the view that it would have.
 */
import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, posix } from 'node:path';
import { isFsError } from '../base/fs-error.ts';
import { UserError } from '../base/user-error.ts';
import { InRoot } from '../os/in-root.ts';
import { checkBindSource } from './container-mounts.ts';
import { isActive, readStatus, type Container } from './container.ts';
import { withView } from './container-view.ts';
import type { Engine } from './engine.ts';
import type { MountRequest } from './mount-request.ts';
import { openNamespaceRoot } from './namespace-root.ts';
import { checkRoot } from './start-container.ts';

type Act<T> = (root: InRoot, path: string) => Promise<T>;

/**
 * Runs `act`, which changes nothing, with a root that has `path` in it, and `path` in there. The holder of `withContainer`
 * calls. UserError `not-running` for what is there only while it runs.
 */
export function withPlace<T>(engine: Engine, container: Container, path: string, act: Act<T>): Promise<T> {
  return inView(engine, container, path, { writes: false, act });
}

async function inView<T>(
  engine: Engine,
  container: Container,
  path: string,
  { writes, act }: { readonly writes: boolean; readonly act: Act<T> },
): Promise<T> {
  const status = await readStatus(engine, container.id);
  if (isActive(status)) {
    checkRoot(container, status.pid);
    return within(openNamespaceRoot(status.pid), path, act);
  }
  const over = findOver(container, path);
  if (over?.type === 'tmpfs' || (over?.type === 'volume' && over.subpath !== undefined))
    throw new UserError('not-running', `${over.target} is there only while ${container.name} runs`, {
      hint: `start it first: strata start ${container.name}`,
    });
  if (over?.type === 'bind') {
    checkBindSource(over);
    // As a mount would, which follows links.
    const source = realpathSync(over.source);
    // Nothing can take the place of a file that is mounted: it is replaced where it lies.
    if (!statSync(source).isDirectory())
      return within(
        new InRoot(dirname(source)),
        `/${basename(source)}${cleanPath(path).slice(over.target.length)}`,
        act,
      );
  }
  return withView(engine, container, { writes }, (root) => within(new InRoot(root), path, act));
}

/** The same for `act` that writes there. UserError `read-only` where the container could not, also by way of a link in it. */
export async function withWritablePlace<T>(
  engine: Engine,
  container: Container,
  path: string,
  act: Act<T>,
): Promise<T> {
  const over = findOver(container, path);
  const hint = 'take a place in the container that it can write';
  if (over === undefined && container.readOnlyRoot)
    throw new UserError('read-only', 'container rootfs is marked read-only', { hint });
  if (over !== undefined && isReadOnly(over))
    throw new UserError('read-only', `mounted volume is marked read-only: ${over.target}`, { hint });
  const acting: Act<T> = async (...place) => {
    try {
      return await act(...place);
    } catch (thrown) {
      if (!isFsError(thrown, 'EROFS')) throw thrown;
      throw new UserError('read-only', `${path} leads to where ${container.name} cannot write`, {
        hint,
        cause: thrown,
      });
    }
  };
  return inView(engine, container, path, { writes: true, act: acting });
}

/** The mount that has `path`, as it is written. */
function findOver({ mounts }: Container, path: string): MountRequest | undefined {
  const clean = cleanPath(path);
  return mounts.findLast(({ target }) => clean === target || clean.startsWith(`${target}/`));
}

function cleanPath(path: string): string {
  return posix.normalize(`/${path}`);
}

function isReadOnly(mount: MountRequest): boolean {
  return mount.type === 'tmpfs' ? mount.options.includes('ro') : mount.readOnly;
}

async function within<T>(root: InRoot, path: string, act: Act<T>): Promise<T> {
  try {
    return await act(root, path);
  } finally {
    root.close();
  }
}
