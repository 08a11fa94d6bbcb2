/**
 * Checks what nothing refers to: the remains of commands that died. It asks what a sound root alone can tell, so it is
 * not asked of one that is damaged.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nameFromText } from '../../base/name.ts';
import { tryLock } from '../../os/lock.ts';
import { findLine, findText, isBroken, namesIn } from '../durable.ts';
import { isCacheId, type ChainId } from '../ids.ts';
import { unfinishedFiles } from '../collect.ts';
import { isThere } from '../mount-book.ts';
import { findUnreferenced, readReferences } from '../references.ts';
import type { Store } from '../store.ts';
import type { Finding } from './finding.ts';

const isLeftover = true;

export async function checkLeftovers(store: Store): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    // Before the references: who makes a directory writes that down first.
    const directories = await store.driver.list();
    const references = await readReferences(store);
    for (const path of references.deadWorkspaces) {
      findings.push({ code: 'dead-workspace', path, message: 'a command died at work', isLeftover });
    }
    if (references.fault !== undefined) throw references.fault;
    for (const chainId of references.all.keys()) {
      if (references.layers.has(chainId)) continue;
      const path = store.layers.pathOf(chainId);
      findings.push({ code: 'layer-unreferenced', path, message: 'no image has it', isLeftover });
    }
    for (const id of await findUnreferenced(store, directories, references)) {
      const path = store.driver.directoryOf(id);
      findings.push({ code: 'cache-unreferenced', path, message: 'it belongs to no layer', isLeftover });
    }
  } catch (thrown) {
    // Whatever is damaged has its own finding.
    if (!isBroken(thrown)) throw thrown;
  }
  for (const path of await unfinishedFiles(store)) {
    findings.push({
      code: 'unfinished',
      path,
      message: 'a command died while it wrote or removed this',
      isLeftover,
    });
  }
  return findings;
}

/** Mounts in the book, and writable layers of containers. */
export async function checkMounts(store: Store, layers: ReadonlyMap<ChainId, unknown>): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    for (const record of await store.mounts.list()) {
      const { mounts } = store;
      const isGone = !(await mounts.isUsed(record.name, record));
      // One that has left its place stays, held or not, for as long as it is in use.
      if (!isGone && (!isThere(record) || (await mounts.isHeld(record.name, record)))) continue;
      const mend = (): Promise<void> => store.driver.cleanup();
      findings.push({ code: 'stale-mount', path: record.target, message: 'nobody holds this mount', mend });
    }
  } catch (thrown) {
    if (!isBroken(thrown)) throw thrown;
    findings.push({ code: 'mount-record', path: store.run.mounts, message: thrown.message });
  }
  for (const name of await namesIn(store.root.layerDb('mounts'))) {
    const path = store.root.layerDb('mounts', name);
    const maker = await findMaker(store, name);
    if (maker === 'living') continue;
    if (maker === 'dead') {
      const mend = (): Promise<void> => rm(path, { recursive: true, force: true });
      const message = 'a command died while it made this container';
      findings.push({ code: 'container-unfinished', path, message, mend });
      continue;
    }
    const parent = await findLine(store.root.layerDb('mounts', name, 'parent'));
    if (parent !== undefined && !layers.has(parent as ChainId)) {
      findings.push({ code: 'mount-parent', path, message: `its parent ${parent} is missing` });
    }
    const id = (await findLine(store.root.layerDb('mounts', name, 'mount-id'))) ?? '';
    if (!isCacheId(id) || !existsSync(store.driver.directoryOf(id))) {
      findings.push({ code: 'mount-id', path, message: 'its writable layer is missing' });
    }
  }
  return findings;
}

/** Who still makes a container, or has died over it; undefined for one that is done. */
async function findMaker(store: Store, id: string): Promise<'living' | 'dead' | undefined> {
  const directory = store.root.at('containers', id);
  if ((await findText(join(directory, 'container.json'))) !== undefined) return undefined;
  if (!existsSync(directory)) return 'dead';
  const lock = tryLock(nameFromText(directory));
  lock?.release();
  return lock === undefined ? 'living' : 'dead';
}
