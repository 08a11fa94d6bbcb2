/**
 * Copies of files for one step, or for a cache to begin with: what is done to them is not done to what they were copied
 * from.
 */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { InRoot } from '../../os/in-root.ts';
import { noRules } from '../context/ignore-rules.ts';
import type { BuildSession } from './build-request.ts';
import { copyFiles, type CopySource } from './copy-files.ts';

/** A directory or file of the step's own, which looks like the one that it is a copy of. */
export async function privateCopy(session: BuildSession, source: CopySource): Promise<string> {
  const directory = mkdtempSync(join(session.store.scratch, 'bind-'));
  await copyTo(session, directory, '/copy', source);
  return join(directory, 'copy');
}

/** `destination`: a path in `directory`. */
export async function copyTo(
  { fs, signal }: BuildSession,
  directory: string,
  destination: string,
  source: CopySource,
): Promise<void> {
  const target = new InRoot(directory);
  try {
    const attributes = { owner: undefined, mode: undefined };
    await copyFiles(fs, target, { sources: [source], destination, attributes, exclude: noRules, signal });
  } finally {
    target.close();
  }
}
