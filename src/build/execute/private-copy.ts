/**
 * Copies of files for one step, or for a cache to begin with: what is done to them is not done to what they were copied
 * from.
 */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { InRoot, type Owner } from '../../os/in-root.ts';
import { noRules } from '../context/ignore-rules.ts';
import { LoopTurns } from '../loop-turns.ts';
import type { BuildSession } from './build-request.ts';
import { copyFiles, type CopySource } from './copy-files.ts';

/** A directory or file of the step's own, which looks like the one that it is a copy of; `owner`: but for its owners. */
export async function privateCopy(
  session: BuildSession,
  source: CopySource,
  owner: Owner | undefined,
): Promise<string> {
  const directory = mkdtempSync(join(session.store.scratch, 'bind-'));
  await copyTo(session, directory, '/copy', source, owner);
  await source.seen?.checkCopy(session.signal);
  return join(directory, 'copy');
}

/** Whether all of it belongs to root; costs a look at each object until one does not. */
export async function isOfRoot({ tree, found }: CopySource, signal: AbortSignal): Promise<boolean> {
  const turns = new LoopTurns(signal);
  for (const { owner } of tree.walk(found)) {
    await turns.take();
    if (owner.uid !== 0 || owner.gid !== 0) return false;
  }
  return true;
}

/** `destination`: a path in `directory`. `owner`: undefined for those of the source. */
export async function copyTo(
  { fs, signal }: BuildSession,
  directory: string,
  destination: string,
  source: CopySource,
  owner?: Owner,
): Promise<void> {
  const target = new InRoot(directory);
  try {
    const attributes = { owner, mode: undefined };
    const request = {
      sources: [source],
      destination,
      attributes,
      exclude: noRules,
      signal,
      keepsRoots: true,
    };
    await copyFiles(fs, target, request);
  } finally {
    target.close();
  }
}
