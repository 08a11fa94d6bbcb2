/**
 * Whether programs are installed and files can be used, and what installs them. Debian's names are used, since
 * its package manager is the one that can be asked; elsewhere a program of the package's own name will do.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Obstacle } from './drivers/driver.ts';

/** Where `name` lies in PATH. */
export function findProgram(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((path) => canAccess(path, constants.X_OK));
}

/** `mode` is of access(2). */
export function canAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** What to install where one of these Debian packages is not there. */
export function findMissingPackages(names: readonly string[]): Obstacle | undefined {
  const missing = names.filter((name) => findProgram(name) === undefined && !isInstalled(name));
  if (missing.length === 0) return undefined;
  return { why: `needs ${missing.join(', ')}`, install: `apt-get install ${missing.join(' ')}` };
}

/** For packages whose programs have other names. */
function isInstalled(name: string): boolean {
  const asked = spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' });
  return asked.status === 0 && asked.stdout === 'install ok installed';
}
