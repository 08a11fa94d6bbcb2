/**
 * Checks what nothing refers to: the remains of commands that died. It asks what a sound root alone can tell, so it is
 * not asked of one that is damaged.
 */
import { isBroken } from '../durable.ts';
import { unfinishedFiles } from '../collect.ts';
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
