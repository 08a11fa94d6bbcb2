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

/** Writes it anew. Throws Node's system error. */
export function writeSmallFile(path: Name, content: string): void {
  writeFileSync(Buffer.from(path, 'latin1'), content, { encoding: 'latin1', mode: 0o644 });
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
