/** Checks mounts in the book, and what `layerdb/mounts` says of the layers of containers. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nameFromText } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { tryLock } from '../../os/lock.ts';
import { readMounts } from '../../os/mountinfo.ts';
import { isOwnSource } from '../drivers/mounter.ts';
import { asBroken, findLine, namesIn } from '../durable.ts';
import { isCacheId, type ChainId } from '../ids.ts';
import { isThere, type NamedRecord } from '../mount-book.ts';
import type { Store } from '../store.ts';
import type { Finding } from './finding.ts';

/** By the files that name them. */
const layersOfContainers = { 'mount-id': 'writable layer', 'init-id': 'init layer' } as const;

export async function checkMounts(store: Store, layers: ReadonlyMap<ChainId, unknown>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of await store.mounts.names()) {
    const record = await store.mounts.find(name).catch(asBroken);
    if (record instanceof UserError) {
      findings.push(damagedRecord(store, name, record));
      continue;
    }
    if (record === undefined || (await isInOrder(store, { ...record, name }))) continue;
    const mend = (): Promise<void> => store.driver.cleanup();
    findings.push({ code: 'stale-mount', path: record.target, message: 'nobody holds this mount', mend });
  }
  for (const name of await namesIn(store.root.layerDb('mounts'))) {
    const path = store.root.layerDb('mounts', name);
    const maker = findMaker(store, name);
    if (maker === 'living') continue;
    if (maker === 'dead') {
      const mend = (): Promise<void> => rm(path, { recursive: true, force: true });
      const message = 'a command died while it made this container';
      findings.push({ code: 'container-unfinished', path, message, mend });
      continue;
    }
    const parent = await findLine(join(path, 'parent'));
    if (parent !== undefined && !layers.has(parent as ChainId)) {
      findings.push({ code: 'mount-parent', path, message: `its parent ${parent} is missing` });
    }
    for (const [file, what] of Object.entries(layersOfContainers)) {
      const id = (await findLine(join(path, file))) ?? '';
      if (!isCacheId(id) || !existsSync(store.driver.directoryOf(id))) {
        findings.push({ code: file, path, message: `its ${what} is missing` });
      }
    }
  }
  return findings;
}

async function isInOrder({ mounts }: Store, record: NamedRecord): Promise<boolean> {
  if (!(await mounts.isUsed(record.name, record))) return false;
  // One that has left its place stays, held or not, for as long as it is in use.
  return !isThere(record) || (await mounts.isHeld(record.name, record));
}

/**
 * Where it lay nobody can tell. It goes with nothing mounted that any record could be of: what is off the tree with programs in it,
 * or in another mount namespace alone, is not seen.
 */
function damagedRecord(store: Store, name: string, { message }: UserError): Finding {
  const path = store.mounts.pathOf(name);
  if (!readMounts().some(({ source }) => isOwnSource(source))) {
    return { code: 'mount-record', path, message, mend: () => store.mounts.remove(name) };
  }
  return { code: 'mount-record', path, message: `${message}: it goes when no layer is mounted any more` };
}

/** Who still makes a container, or has died over it; undefined for one that is done. */
export function findMaker(store: Store, id: string): 'living' | 'dead' | undefined {
  const directory = store.root.at('containers', id);
  const has = (name: string): boolean => existsSync(join(directory, name));
  // One that has run, and is not being removed, is damaged where it has no other file.
  if (has('container.json') || (has('run.json') && !has('container.json.removed'))) return undefined;
  if (!existsSync(directory)) return 'dead';
  const lock = tryLock(nameFromText(directory));
  lock?.release();
  return lock === undefined ? 'living' : 'dead';
}
