/**
 * A directory in a container, as the container sees it: what is mounted over its root counts. Of one that runs that
 * is the view of its first process; of one that does not, its tree and the sources of its mounts.
 */
import { statSync } from 'node:fs';
import { basename, dirname, posix } from 'node:path';
import { UserError } from '../base/user-error.ts';
import { InRoot } from '../os/in-root.ts';
import { isActive, readStatus, type Container } from './container.ts';
import type { Engine } from './engine.ts';
import { checkRoot } from './start-container.ts';
import { withVolume } from './use-volume.ts';

/** Runs `act` with the root that has `path` in it, and `path` in there. Nothing else starts or ends it meanwhile. */
export async function withPlace<T>(
  engine: Engine,
  container: Container,
  path: string,
  act: (root: InRoot, path: string) => Promise<T>,
): Promise<T> {
  const status = await readStatus(engine, container.id);
  if (isActive(status)) {
    checkRoot(container, status.pid);
    return within(`/proc/${String(status.pid)}/root`, path, act);
  }
  const clean = posix.normalize(`/${path}`);
  const over = container.mounts.findLast(({ target }) => clean === target || clean.startsWith(`${target}/`));
  // `DIR/.` means something to those who copy.
  const rest = (target: string): string => clean.slice(target.length) + (path.endsWith('/.') ? '/.' : '');
  if (over?.type === 'bind')
    return statSync(over.source).isDirectory()
      ? within(over.source, rest(over.target), act)
      : within(dirname(over.source), `/${basename(over.source)}`, act);
  if (over?.type === 'volume' && over.subpath === undefined)
    return withVolume(engine, over.source ?? '', (content) => within(content, rest(over.target), act));
  if (over !== undefined)
    throw new UserError('not-running', `${over.target} is there only while ${container.name} runs`, {
      hint: `start it first: strata start ${container.name}`,
    });
  const root = await engine.layers.mount(container.id);
  try {
    return await within(root, path, act);
  } finally {
    await engine.layers.unmount(container.id);
  }
}

async function within<T>(
  root: string,
  path: string,
  act: (root: InRoot, path: string) => Promise<T>,
): Promise<T> {
  const inside = new InRoot(root);
  try {
    return await act(inside, path);
  } finally {
    inside.close();
  }
}
