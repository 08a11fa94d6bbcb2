/**
 * What a program knows of itself as bytes, and how it lets go of whoever started it. Node decodes
 * arguments and the working directory as UTF-8, which loses names that are not: here they are read
 * from /proc, lossless.
 */
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { setPriority } from 'node:os';
import { asName, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { getAddon } from './addon.ts';

/** The arguments after the script, latin1. To be called before `process.title` is set, which overwrites them. */
export function ownArguments(): string[] {
  const all = readFileSync('/proc/self/cmdline', 'latin1').split('\0').slice(0, -1);
  return all.slice(all.length - (process.argv.length - 2));
}

/** Tells the program in the file `path` from another version of it, on one machine. Throws Node's system error. */
export function programIdentity(path: string): string {
  const { dev, ino, mtimeNs } = statSync(path, { bigint: true });
  return [dev, ino, mtimeNs].join(':');
}

/** How many descriptors this process has open, and may have. */
export function descriptorUse(): { readonly open: number; readonly most: number } {
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  return { open: readdirSync('/proc/self/fd').length, most: Number(limit ?? 1024) };
}

/**
 * What a service manager tells the process that it has started (sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3)) is for that one
 * alone: a runtime that gets it takes the container for the service.
 */
export function forgetServiceManager(): void {
  for (const name of [
    'NOTIFY_SOCKET',
    'LISTEN_PID',
    'LISTEN_FDS',
    'LISTEN_FDNAMES',
    'WATCHDOG_PID',
    'WATCHDOG_USEC',
  ])
    Reflect.deleteProperty(process.env, name);
}

let callersUmask = 0;

/**
 * From here on what is made has the modes that it was meant to have, in images and containers above all, whatever the umask of
 * whoever called. It holds for programs that are started, too.
 */
export function putUmaskAside(): void {
  callersUmask = process.umask(0o022);
}

/** What the umask of whoever called leaves of `mode`: for a file that is made for nobody else. */
export function callersMode(mode: number): number {
  return mode & ~callersUmask;
}

/** The working directory, absolute. */
export function workingDirectory(): Name {
  return asName(readlinkSync('/proc/self/cwd', 'latin1'));
}

/** Makes the standard descriptors refer to /dev/null: nobody waits for their end any more. */
export function silenceStandardDescriptors(): void {
  for (const fd of [0, 1, 2]) {
    closeSync(fd);
    // The lowest free number is taken, which is the one just closed: no other thread opens anything meanwhile.
    const opened = openSync('/dev/null', 'r+');
    if (opened !== fd) closeSync(opened);
  }
}

/**
 * Tells who started this process (`reporting-child.ts`) a status on `fd` and closes it. Answers false where
 * nobody listens any more.
 */
export function reportStatus(fd: number, status: number): boolean {
  try {
    writeSync(fd, `${String(status)}\n`);
    return true;
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}

/**
 * From now on nobody waits who writes to `fd`, a pipe or a socket: what finds no room there is lost. It must be this
 * process's alone, since it is so for everybody who was handed the same one.
 */
export function neverWaitFor(fd: number): void {
  getAddon().setNonblocking(fd);
}

export interface LineWriter {
  write(line: string): void;
  /** Closes the file; a descriptor that was given stays open. */
  close(): void;
}

/**
 * Appends lines to a file, or to a descriptor that is open; what cannot be written is lost. UserError `bad-log`
 * where the file cannot be opened.
 */
export function createLineWriter(to: Name | number): LineWriter {
  const fd = typeof to === 'number' ? to : openLog(to);
  let isOpen = true;
  return {
    write: (line) => {
      try {
        if (isOpen) writeSync(fd, line);
      } catch {
        // A log that is full or gone is no reason to fail a request.
      }
    },
    close: () => {
      if (isOpen && fd !== to) closeSync(fd);
      isOpen = false;
    },
  };
}

/**
 * Ends this process, whatever it has open, waits for or has not written yet. Node's own end can hang
 * (native-notes/addon.md), and is gone through only where a profiler writes in it.
 */
export function endProcess(status: number): void {
  process.exitCode = status;
  if (
    process.execArgv.some((option) => option.includes('prof')) ||
    process.env.NODE_V8_COVERAGE !== undefined
  )
    return;
  try {
    getAddon().endProcess(status);
  } catch {
    // Without the addon, which the command did not need, the end is Node's.
  }
}

/** Writes all of `text`, UTF-8, to a descriptor. Throws Node's system error. */
export function writeAll(fd: number, text: string): void {
  writeFileSync(fd, text);
}

function openLog(path: Name): number {
  try {
    // A pipe that nobody reads is an error (ENXIO), not something to wait for.
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
    return openSync(Buffer.from(path, 'latin1'), flags, 0o600);
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('bad-log', `the log ${nameToText(path)} cannot be written (${code})`, {
      hint: 'name a file in a directory that is there and may be written: -o log=FILE',
      cause,
    });
  }
}

/** Nice value of V8's helpers: they run when nobody else wants to. */
const helperNiceness = 10;

/**
 * Lets the other threads of this process, which compile and collect garbage, stand back behind programs:
 * right after a mount they are at their busiest, and the one that waits for the mount is, too.
 */
export function yieldHelperThreads(): void {
  for (const thread of readdirSync('/proc/self/task')) {
    if (Number(thread) === process.pid) continue;
    try {
      setPriority(Number(thread), helperNiceness);
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Closes a descriptor that is the caller's own. */
export function closeDescriptor(fd: number): void {
  closeSync(fd);
}
