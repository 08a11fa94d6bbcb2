/**
 * The directory below which everything happens, for one run at a time. Whatever a run leaves that was killed, trials
 * that go on, mounts, servers, directories, is cleared by the next one, and by the run itself when it is
 * interrupted: both find it by looking, not by a record that might not have been written.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nameFromText, nameToText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { tryLock } from '../os/lock.ts';
import { makeDirectories } from '../os/make-directories.ts';
import { unmountFuse } from '../os/mount.ts';
import { readMounts } from '../os/mountinfo.ts';
import { run } from './child.ts';
import { findSeparator } from './drivers/driver.ts';
import { findServers, waitForEnd } from './drivers/servers.ts';
import { treeNames } from './drivers/trees.ts';
import { trialPrefix } from './stack.ts';
import { killGroup, trialProgram } from './trial-process.ts';
import type { Workload } from './workload.ts';

export interface Scratch {
  readonly path: string;
  /** Where fixtures and trials of a kind lie. */
  readonly storage: Readonly<Record<Workload['storage'], string>>;
  /** Mounts the memory under `storage.memory`. */
  mountMemory(): void;
  /** Removes what trials have left that did not end by themselves, and what they keep for each other. */
  sweep(): Promise<void>;
  /** Sweeps, unmounts the memory, and lets others in. */
  close(): Promise<void>;
}

/**
 * Makes the directory, locks it and sweeps. Throws UserError `bad-scratch` where it cannot be used,
 * `scratch-in-use` while another run uses it.
 */
export async function openScratch(given: string): Promise<Scratch> {
  checkNameable(resolve(given));
  const path = makeDirectory(given);
  checkNameable(path);
  const lockFile = join(path, 'lock');
  try {
    closeSync(openSync(lockFile, 'a'));
  } catch (cause) {
    throw unusable(given, cause);
  }
  const lock = tryLock(nameFromText(lockFile));
  if (lock === undefined) {
    throw new UserError('scratch-in-use', `another run uses ${path}`, {
      hint: 'wait for its end, or name another directory with --scratch',
    });
  }
  const storage = { disk: join(path, 'disk'), memory: join(path, 'memory') };
  const sweepAll = async (): Promise<void> => {
    await endTrials(path);
    await unmountBelow(`${path}/`);
    for (const directory of Object.values(storage)) removeTrials(directory);
  };
  await sweepAll();
  for (const directory of Object.values(storage)) mkdirSync(directory, { recursive: true });
  return {
    path,
    storage,
    mountMemory: () => {
      run(['mount', '-t', 'tmpfs', '-o', 'mode=0700', 'strata-bench', storage.memory]);
    },
    sweep: async () => {
      await endTrials(path);
      for (const directory of Object.values(storage)) await unmountBelow(`${directory}/`);
      for (const directory of Object.values(storage)) removeTrials(directory);
    },
    close: async () => {
      await sweepAll();
      lock.release();
    },
  };
}

function makeDirectory(given: string): string {
  try {
    // Fixtures are copies of programs, set-user-id and all.
    makeDirectories(given, 0o700);
    return realpathSync(given);
  } catch (cause) {
    throw unusable(given, cause);
  }
}

function unusable(given: string, cause: unknown): UserError {
  const { code = 'EIO' } = cause as NodeJS.ErrnoException;
  return new UserError('bad-scratch', `${given} cannot be used as scratch directory (${code})`, {
    hint: 'name a directory of your own on a disk that may be written, with --scratch',
    cause,
  });
}

/** Throws UserError `bad-scratch` where drivers could not be told about directories below `path`. */
function checkNameable(path: string): void {
  const separator = findSeparator(path);
  if (separator === undefined) return;
  throw new UserError('bad-scratch', `${path} cannot be used as scratch directory: ${separator}`, {
    hint: 'name another directory with --scratch',
  });
}

/** Kills trials below `path` with all that they have started, and servers that were just starting. */
async function endTrials(path: string): Promise<void> {
  // Of another installation of this program, too: the directory is what counts.
  const isTrial = (line: string): boolean =>
    line.includes(basename(trialProgram)) && line.includes(`"storage":"${path}/`);
  const found = findProcesses(isTrial);
  for (const pid of found) killGroup(pid);
  await waitForEnd(found);
}

/** Pids whose command line fits. */
function findProcesses(fits: (commandLine: string) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && fits(commandLine(name)))
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended since it was listed.
    return '';
  }
}

/** A server that was starting when its trial was killed mounts a moment later, or gives up: both take less. */
const startLimitMs = 10_000;

async function unmountBelow(prefix: string): Promise<void> {
  for (let waited = 0; ; waited += 20) {
    for (const { mountPoint } of readMounts().reverse()) {
      if (mountPoint.startsWith(nameFromText(prefix))) await unmount(nameToText(mountPoint));
    }
    const pids = findProcesses((line) => startsBelow(line, prefix));
    // What SIGKILL does not end, or is not ours to end, is waited for no longer.
    if (pids.length === 0 || waited > 2 * startLimitMs) return;
    if (waited > startLimitMs) for (const pid of pids) endProcess(pid);
    await sleep(20);
  }
}

/**
 * Whether a command mounts on, or copies to, the mount point of a trial below `prefix`: that is a word of it, or the end of the title
 * that ours puts in its place. A pager that shows a file there does neither.
 */
function startsBelow(commandLine: string, prefix: string): boolean {
  return commandLine.split('\0').some((word) => {
    const begin = word.lastIndexOf(prefix);
    const isTarget = begin === 0 || (begin > 0 && word[begin - 1] === ' ');
    return isTarget && targets.test(word.slice(begin + prefix.length));
  });
}

/** Below the scratch directory, or below a storage directory. */
const targets = new RegExp(`^((disk|memory)/)?${trialPrefix}[^/]+(/scratch)?/mnt$`);

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself, or is somebody else's.
  }
}

async function unmount(mountPoint: string): Promise<void> {
  const servers = findServers(mountPoint);
  try {
    unmountFuse(nameFromText(mountPoint), { lazy: false });
  } catch {
    unmountFuse(nameFromText(mountPoint), { lazy: true });
  }
  await waitForEnd(servers);
}

function removeTrials(storage: string): void {
  if (!existsSync(storage)) return;
  const kept: readonly string[] = treeNames;
  const left = readdirSync(storage).filter((name) => name.startsWith(trialPrefix) || kept.includes(name));
  if (left.length === 0) return;
  // Should a mount have come back, it is not emptied.
  run(['rm', '-rf', '--one-file-system', '--', ...left.map((name) => join(storage, name))]);
}
