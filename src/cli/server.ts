/**
 * The program `stratafs`: from a command line to an exit status. bin/stratafs starts it, in front or in a
 * session of its own, and hears through a pipe (`os/reporting-child.ts`) when the mount answers.
 *
 * The server never touches its own mount: its working directory is /, its standard descriptors are
 * /dev/null once nobody waits for a message any more, and its name begins with `@`, so that a shutdown leaves
 * it until the end (https://systemd.io/ROOT_STORAGE_DAEMONS).
 */
import { FsError } from '../base/fs-error.ts';
import { createLog, type Log } from '../base/log.ts';
import { nameToText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { hasCapSysAdminInFirstNamespace } from '../os/capability.ts';
import * as own from '../os/own-process.ts';
import { checkLayers } from './mount-checks.ts';
import { parseCommandLine, type Command } from './command-line.ts';
import { helpText, versionText } from './help.ts';
import { parts } from './assemble.ts';
import { resolveFormat } from './resolve-format.ts';
import { startMount, type RunningMount } from './run-mount.ts';
import { lockUpper } from './upper-lock.ts';

type MountCommand = Extract<Command, { act: 'mount' }>;
type SettleCommand = Extract<Command, { act: 'settle' }>;

const standardOutput = 1;
const standardError = 2;

/** Runs one command and answers the exit status. */
async function main(): Promise<number> {
  try {
    const command = parseCommandLine(own.ownArguments(), own.workingDirectory());
    switch (command.act) {
      case 'help':
        print(helpText(command.program));
        return 0;
      case 'version':
        print(versionText(command.program));
        return 0;
      case 'settle':
        await settle(command);
        return 0;
      case 'mount':
        return await mount(command);
    }
  } catch (thrown) {
    own.createLineWriter(standardError)(`stratafs: ${lineOf(thrown)}\n`);
    return thrown instanceof UserError ? thrown.exitCode : 1;
  }
}

/** For a reader who has gone, as `head` does, it was enough. */
function print(text: string): void {
  try {
    own.writeAll(standardOutput, text);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EPIPE') throw thrown;
  }
}

async function settle({ spec }: SettleCommand): Promise<void> {
  const layers = checkLayers(spec.layers);
  if (layers.upper === undefined || layers.work === undefined) {
    throw new UserError('incomplete-upper', 'there is no upper to settle', {
      hint: 'give the same -o lowerdir=...,upperdir=...,workdir=... as to the mount',
    });
  }
  const format = resolveFormat(spec.format, layers, hasCapSysAdminInFirstNamespace());
  const lock = await lockUpper({ upper: layers.upper, work: layers.work });
  try {
    await parts.settle({ layers, format, identity: spec.identity, log: logOf(spec, true) });
  } finally {
    lock.release();
  }
}

/** Serves until the file system is unmounted. */
async function mount({ spec, foreground, reportTo, unknown }: MountCommand): Promise<number> {
  for (const name of unknown)
    own.createLineWriter(standardError)(`stratafs: unknown option ignored: ${name}\n`);
  const starting = new AbortController();
  let running: RunningMount | undefined = undefined;
  // Before anything is mounted: what a signal ends by itself would leave a mount without a server.
  onEndingSignals((signal) => {
    if (running !== undefined) running.unmount();
    else starting.abort(new UserError('interrupted', `ended by ${signal} before the mount answered`));
  });
  process.title = `@stratafs ${nameToText(spec.mountPoint)}`;
  process.chdir('/');
  own.yieldHelperThreads();
  const log = logOf(spec, foreground);
  running = await startMount(spec, parts, log, starting.signal);
  // What no gate caught, a fault in a timer or in a promise that nobody awaited: the mount lives on.
  process.on('uncaughtException', (thrown) => {
    log.fault('outside of any request', thrown);
  });
  if (!foreground) own.silenceStandardDescriptors();
  // Who started this was ended meanwhile: nobody knows of the mount.
  if (reportTo !== undefined && !own.reportStatus(reportTo, 0)) running.unmount();
  try {
    await running.ended;
    return 0;
  } catch (thrown) {
    if (thrown instanceof UserError) log.warn(thrown.line);
    else log.fault('the mount ended badly', thrown);
    return 1;
  }
}

/** In the background there is nobody to read messages, unless a file was named for them. */
function logOf(
  spec: { readonly log: MountCommand['spec']['log']; readonly debug: boolean },
  foreground: boolean,
): Log {
  const target = spec.log ?? (foreground ? standardError : undefined);
  return createLog(target === undefined ? () => undefined : own.createLineWriter(target), {
    debug: spec.debug,
  });
}

function onEndingSignals(act: (signal: NodeJS.Signals) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, act);
}

function lineOf(thrown: unknown): string {
  if (thrown instanceof UserError) return thrown.line.replaceAll('\n', ' ');
  // Refusals of the system, ours and those of Node.
  if (thrown instanceof FsError || isSystemError(thrown)) return thrown.message.replaceAll('\n', ' ');
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

function isSystemError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && typeof (thrown as NodeJS.ErrnoException).syscall === 'string';
}

void main().then((status) => {
  process.exitCode = status;
});
