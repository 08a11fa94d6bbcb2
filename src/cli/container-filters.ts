/** What `--filter` of `strata ps` asks of a container. Containers and images that it names are looked up before any is asked. */
import { UserError } from '../base/user-error.ts';
import { getContainer } from '../run/container-book.ts';
import { findByName } from '../store/resolve-image.ts';
import { isIdPrefix } from '../store/ids.ts';
import type { ListedContainer } from './container-fields.ts';
import { matchesName, type Filters } from './filters.ts';
import type { OpenedEngine } from './open-engine.ts';

export const containerFilters = [
  ...['id', 'name', 'label', 'status', 'exited', 'ancestor', 'before', 'since', 'volume', 'network'],
] as const;

/** Docker's, of which some have no container here. */
const statuses = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];

/** UserError `bad-filter` for a status, or an exit status, that there cannot be. */
export function checkStatuses(given: Filters): void {
  const badStatus = given.values('status').find((status) => !statuses.includes(status));
  if (badStatus !== undefined) throw badFilter('status', badStatus, `it is one of ${statuses.join(', ')}`);
  const badExit = given.values('exited').find((status) => !/^[-+]?\d+$/.test(status));
  if (badExit !== undefined) throw badFilter('exited', badExit, 'it is an exit status: exited=0');
}

function badFilter(name: string, value: string, hint: string): UserError {
  return new UserError('bad-filter', `invalid filter '${name}=${value}'`, { hint });
}

type Row = Pick<ListedContainer, 'container' | 'status'>;

/**
 * Whether a container is one of those that were asked for. UserError `no-such-container`, `ambiguous-id`, `broken-file` of
 * what `before` and `since` name, `bad-name` of what `ancestor` does.
 */
export async function containerFilter(
  given: Filters,
  { engine, store }: OpenedEngine,
): Promise<(row: Row) => boolean> {
  const createdOf = async (name: string): Promise<string> => (await getContainer(engine, name)).created;
  const before = await Promise.all(given.values('before').map(createdOf));
  const since = await Promise.all(given.values('since').map(createdOf));
  const names = given.has('ancestor') ? await store.names.list() : [];
  const images = new Map(given.values('ancestor').map((text) => [text, findByName(names, text)?.image]));
  return ({ container, status }) => {
    const { id, name, image, mounts, network, created } = container;
    return (
      given.some('id', (text) => id.startsWith(text)) &&
      given.some('name', (text) => isNamed(text, name)) &&
      given.labels(container.labels) &&
      given.some('status', (text) => text === status.status) &&
      given.some('exited', (text) => status.status === 'exited' && status.exitCode === Number(text)) &&
      given.some('ancestor', (text) => isImage(image.id, images.get(text) ?? text)) &&
      (before.length === 0 || before.some((time) => created < time)) &&
      (since.length === 0 || since.some((time) => created > time)) &&
      given.some('volume', (text) =>
        mounts.some((mount) => mount.target === text || (mount.type !== 'tmpfs' && mount.source === text)),
      ) &&
      given.some('network', (text) => text === network)
    );
  };
}

/** Docker's names of containers begin with a slash, which may be left out. */
function isNamed(text: string, name: string): boolean {
  return [name, `/${name}`].some((one) => matchesName(text, one));
}

const shortestPrefix = 4;

/** `wanted`: the id of an image, or the beginning of one. */
function isImage(id: string, wanted: string): boolean {
  const prefix = wanted.replace(/^sha256:/, '');
  return isIdPrefix(wanted) && prefix.length >= shortestPrefix && id.startsWith(`sha256:${prefix}`);
}
