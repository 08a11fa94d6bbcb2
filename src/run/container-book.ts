/**
 * The containers of a data root: by id, by the beginning of one, by name. A directory that has no `container.json` is
 * the rest of a creation that did not come to its end.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { nameFromText } from '../base/name.ts';
import { isFsError } from '../base/fs-error.ts';
import { UserError } from '../base/user-error.ts';
import { tryLock, waitForLock, type Lock } from '../os/lock.ts';
import { asBroken, namesIn } from '../store/durable.ts';
import { tryRemoval } from '../store/try-removal.ts';
import { findContainer, removedPath, writeContainer, type Container } from './container.ts';
import { containerPath, type Engine } from './engine.ts';
import { noSuchContainer } from './state-errors.ts';

export interface ContainerList {
  /** The newest first. */
  readonly containers: readonly Container[];
  /** By their ids those that cannot be read: UserError `broken-file`. */
  readonly damaged: ReadonlyMap<string, UserError>;
}

/** All of which the definition can be read, and what is wrong with the others. */
export async function readContainers(engine: Pick<Engine, 'containers'>): Promise<ContainerList> {
  const containers: Container[] = [];
  const damaged = new Map<string, UserError>();
  for (const id of await namesIn(engine.containers)) {
    const container = isId(id) ? await findContainer(engine, id).catch(asBroken) : undefined;
    if (container instanceof UserError) damaged.set(id, container);
    else if (container !== undefined) containers.push(container);
  }
  return { containers: containers.sort((a, b) => (a.created < b.created ? 1 : -1)), damaged };
}

/**
 * By its id, its name, or the beginning of an id, in this order. UserError `no-such-container`, `ambiguous-id`, `broken-file` for one
 * that is damaged.
 */
export async function getContainer(engine: Engine, given: string): Promise<Container> {
  const found = await findGiven(engine, given);
  if (found === undefined) throw noSuchContainer(given);
  return found;
}

/** The same; undefined where there is none. UserError `ambiguous-id`, `broken-file`. */
export async function findGiven(engine: Engine, given: string): Promise<Container | undefined> {
  const { containers: all, damaged } = await readContainers(engine);
  const exact =
    all.find(({ id }) => id === given) ?? all.find(({ name }) => name === given.replace(/^\//, ''));
  if (exact !== undefined) return exact;
  const begun = /^[0-9a-f]+$/.test(given)
    ? [...all.map(({ id }) => id), ...damaged.keys()].filter((id) => id.startsWith(given))
    : [];
  if (begun.length > 1)
    throw new UserError('ambiguous-id', `several containers begin with ${given}`, {
      hint: `give more of it: ${begun.map((id) => id.slice(0, 12)).join(', ')}`,
    });
  const fault = damaged.get(begun[0] ?? '');
  if (fault !== undefined) throw fault;
  return all.find(({ id }) => id === begun[0]);
}

/** The image that a container is made of, `sha256:...`; undefined for one that is not written yet, or is damaged. */
export async function findImageOf(
  engine: Pick<Engine, 'containers'>,
  id: string,
): Promise<string | undefined> {
  const container = await findContainer(engine, id).catch(asBroken);
  return container instanceof UserError ? undefined : container?.image.id;
}

/** A directory for a container that has yet to be written, and is whoever's holds the lock until then. */
export function beginContainer(engine: Engine): { readonly id: string; readonly lock: Lock } {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    mkdirSync(containerPath(engine, id), { recursive: true, mode: 0o710 });
    const lock = tryLockThere(containerPath(engine, id));
    if (lock !== undefined) return { id, lock };
  }
}

/** Undefined where somebody has it, or has taken it away: for that of a creation that died, before it was locked. */
function tryLockThere(path: string): Lock | undefined {
  try {
    const lock = tryLock(nameFromText(path));
    if (lock === undefined || existsSync(path)) return lock;
    lock.release();
    return undefined;
  } catch (thrown) {
    if (isFsError(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

/** Takes away what creations that did not come to their end have left. */
export async function collectUnfinished(engine: Engine): Promise<void> {
  for (const id of await namesIn(engine.containers)) {
    if (!isId(id) || (await isWritten(engine, id))) continue;
    const lock = tryLockThere(containerPath(engine, id));
    if (lock === undefined) continue;
    try {
      // Written, perhaps, between the two looks.
      if (await isWritten(engine, id)) continue;
      await tryRemoval(async () => {
        await engine.layers.unmount(id);
        await engine.layers.remove(id);
        await forgetContainer(engine, id);
      });
    } finally {
      lock.release();
    }
  }
}

/** Also one that is damaged. */
async function isWritten(engine: Engine, id: string): Promise<boolean> {
  return (await findContainer(engine, id).catch(asBroken)) !== undefined;
}

/** UserError `bad-name`, `name-in-use`: as things are now. */
export async function checkContainerName(engine: Engine, name: string): Promise<void> {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name))
    throw new UserError(
      'bad-name',
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
      { hint: 'take two of them at least, and a letter or digit first' },
    );
  const { containers } = await readContainers(engine);
  const owner = containers.find((container) => container.name === name)?.id.slice(0, 12);
  if (owner !== undefined)
    throw new UserError(
      'name-in-use',
      `the container name "${name}" is already in use by container ${owner}`,
      {
        hint: `remove that one first (strata rm ${name}), or choose another name`,
      },
    );
}

/** Makes the container known; one without a name gets one that is free. UserError as `checkContainerName`. */
export async function addContainer(engine: Engine, container: Container): Promise<Container> {
  const lock = await waitForLock(nameFromText(engine.containers), 'exclusive');
  try {
    const taken = new Set((await readContainers(engine)).containers.map(({ name }) => name));
    let { name } = container;
    if (name !== '') await checkContainerName(engine, name);
    while (name === '' || taken.has(name)) name = randomName();
    const named = { ...container, name };
    await writeContainer(engine, named);
    return named;
  } finally {
    lock.release();
  }
}

/** Gives a container another name. UserError as `checkContainerName`, `no-such-container` for one that has gone. */
export async function renameContainer(engine: Engine, container: Container, name: string): Promise<void> {
  await withPresentContainer(engine, container, async () => {
    const lock = await waitForLock(nameFromText(engine.containers), 'exclusive');
    try {
      await checkContainerName(engine, name);
      const now = (await findContainer(engine, container.id)) ?? container;
      await writeContainer(engine, { ...now, name });
    } finally {
      lock.release();
    }
  });
}

/**
 * Before its layers go: what a crash leaves from here on is a container that is not whole, which the next command takes
 * away. The answer takes it back.
 */
export async function beginRemoval(engine: Engine, id: string): Promise<() => Promise<void>> {
  const path = containerPath(engine, id, 'container.json');
  const aside = removedPath(engine, id);
  if (!existsSync(path)) return () => Promise.resolve();
  await rename(path, aside);
  return () => rename(aside, path);
}

/** Forgets a container and all of its files. */
export async function forgetContainer(engine: Engine, id: string): Promise<void> {
  // In this order: what is left of it after a crash is not taken for one that has lost something.
  for (const name of ['run.json', 'container.json'])
    await rm(containerPath(engine, id, name), { force: true });
  await rm(containerPath(engine, id), { recursive: true, force: true });
}

/**
 * Runs `act` while nobody else starts, ends or removes the container. Not to be nested. Answers undefined where the
 * container is gone.
 */
export async function withContainer<T>(
  engine: Engine,
  id: string,
  act: () => Promise<T>,
): Promise<T | undefined> {
  let lock;
  try {
    lock = await waitForLock(nameFromText(containerPath(engine, id)), 'exclusive');
  } catch (thrown) {
    if (isFsError(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
  try {
    // Removed while we waited: the directory that is locked has no name any more.
    return (await findContainer(engine, id)) === undefined ? undefined : await act();
  } finally {
    lock.release();
  }
}

/** The same for an act that means nothing without the container, as it is now. UserError `no-such-container` where it is gone. */
export async function withPresentContainer<T>(
  engine: Engine,
  { id, name }: Pick<Container, 'id' | 'name'>,
  act: () => Promise<T>,
): Promise<T> {
  const done = await withContainer(engine, id, async () => ({ answer: await act() }));
  if (done === undefined) throw noSuchContainer(name);
  return done.answer;
}

function isId(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

const qualities = [
  'amber',
  'brisk',
  'calm',
  'deep',
  'even',
  'fair',
  'grey',
  'hidden',
  'keen',
  'light',
  'mild',
  'old',
];
const rocks = [
  'basalt',
  'chalk',
  'clay',
  'flint',
  'gneiss',
  'gravel',
  'jade',
  'loam',
  'marl',
  'quartz',
  'shale',
  'slate',
];

function randomName(): string {
  const pick = (words: readonly string[]): string => words[randomInt(words.length)] ?? '';
  return `${pick(qualities)}_${pick(rocks)}${String(randomInt(100))}`;
}
