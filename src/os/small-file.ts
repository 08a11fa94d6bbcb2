/**
 * Notes of a few bytes beside the data of a mount.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { asName, type Name } from '../base/name.ts';

/** The content (latin1); undefined where it cannot be read, for whatever reason. */
export function findSmallFile(path: Name): string | undefined {
  try {
    return readFileSync(Buffer.from(path, 'latin1'), 'latin1');
  } catch {
    return undefined;
  }
}

/** Writes it anew. Where it cannot be written, what is read later is nothing, or something out of date. */
export function tryWriteSmallFile(path: Name, content: string): void {
  try {
    writeFileSync(Buffer.from(path, 'latin1'), content, { encoding: 'latin1', mode: 0o644 });
  } catch {
    // A full file system, most likely: a note is a hint, and its readers do without.
  }
}

/** Removes it if it is there; what cannot be removed stays. */
export function removeSmallFile(path: Name): void {
  try {
    rmSync(Buffer.from(path, 'latin1'), { force: true });
  } catch {
    // A note that stays is out of date, as every reader of it expects.
  }
}

/** `name` in `directory`. */
export function pathIn(directory: Name, name: string): Name {
  return asName(directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`);
}
