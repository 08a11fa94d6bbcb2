/**
 * The program `stratafs`: from a command line to an exit status. bin/stratafs starts it, in front or in a
 * session of its own, and hears through a pipe (`os/reporting-child.ts`) when the mount answers.
 *
 * The server never touches its own mount: its working directory is /, its standard descriptors are
 * /dev/null once nobody waits for a message any more, and its name begins with `@`, so that a shutdown leaves
 * it until the end (https://systemd.io/ROOT_STORAGE_DAEMONS).
 */
import { nameToText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { hasCapSysAdminInFirstNamespace } from '../os/capability.ts';
import * as own from '../os/own-process.ts';
import type { Conversation } from '../os/conversation.ts';
import { checkLayers, checkMountPoint } from './mount-checks.ts';
import { parseCommandLine, type Command } from './command-line.ts';
import { lineOf } from './error-line.ts';
import { helpText, versionText } from './help.ts';
import { createParts } from './assemble.ts';
import { logOf, MountHost } from './mount-host.ts';
import { placesOf } from './mount-spec.ts';
import { remount } from './remount.ts';
import { resolveFormat } from './resolve-format.ts';
import { join } from './shared/join.ts';
import { findMeetingPlace } from './shared/meeting-place.ts';
import { mustBeAlone, readStack } from './shared/must-be-alone.ts';
import { SharedServer } from './shared/shared-server.ts';
import { isMountedThere, lockUpper } from './upper-lock.ts';

type MountCommand = Extract<Command, { act: 'mount' }>;
type SettleCommand = Extract<Command, { act: 'settle' }>;

const standardOutput = 1;
const standardError = 2;

/** From one step of a build to the next, or from one command of a script to the next. */
const lingerMs = 2000;

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
      case 'remount':
        remount(command.mountPoint, command.flags);
        report(command, 0);
        return 0;
      case 'mount':
        return await mount(command);
    }
  } catch (thrown) {
    printError(thrown);
    return thrown instanceof UserError ? thrown.exitCode : 1;
  }
}

function printError(thrown: unknown): void {
  own.createLineWriter(standardError).write(`stratafs: ${lineOf(thrown)}\n`);
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
    await createParts().settle({ layers, format, identity: spec.identity, log: logOf(spec, true).log });
  } finally {
    lock.release();
  }
}

/** Serves until the file system is unmounted, or lets another process do that. */
async function mount(command: MountCommand): Promise<number> {
  const { spec, unknown, foreground, reportTo } = command;
  // A program that mounts reads the log when it has nothing else to do, and may be waiting for a file in the mount now.
  if (foreground && reportTo !== undefined) own.neverWaitFor(standardError);
  for (const name of unknown) {
    own.createLineWriter(standardError).write(`stratafs: unknown option ignored: ${name}\n`);
  }
  const host = new MountHost(createParts());
  const joining = new AbortController();
  // Before anything is mounted: what a signal ends by itself would leave a mount without a server.
  onEndingSignals(command.ignored, (signal) => {
    const reason = new UserError('interrupted', `ended by ${signal} before the mount answered`);
    joining.abort(reason);
    host.unmountAll(reason);
  });
  process.chdir('/');
  try {
    return await serveOrJoin(command, host, joining.signal);
  } catch (thrown) {
    if (foreground || !isAnotherCallFor(spec, thrown)) throw thrown;
    report(command, 0);
    return 0;
  }
}

async function serveOrJoin(command: MountCommand, host: MountHost, signal: AbortSignal): Promise<number> {
  if (!isShared(command)) return serve(host, command, signal);
  const { spec } = command;
  const found = {
    ...spec,
    mountPoint: checkMountPoint(spec.mountPoint).realPath,
    layers: checkLayers(spec.layers),
  };
  const place = mustBeAlone(placesOf(found), readStack()) ? undefined : findMeetingPlace();
  if (place === undefined) return serve(host, command, signal);
  const server = new SharedServer(host, place);
  const hear = (conversation: Conversation): void => void server.hear(conversation);
  const joined = await join({ spec: found, place, hear, signal });
  switch (joined.is) {
    case 'alone':
      return serve(host, command, signal);
    case 'serving':
      server.endWith(joined.listener);
      return serveAll(host, command, signal);
    case 'served':
      // Who started this was ended meanwhile: nobody knows of the mount.
      if (report(command, 0)) joined.confirm();
      return 0;
  }
}

/** A mount in front has a process of its own, since that is what its caller watches. */
function isShared({ spec, foreground }: MountCommand): boolean {
  return !foreground && (spec.shared || process.env.STRATAFS_SHARED === '1');
}

/** One mount, until it has ended. */
async function serve(host: MountHost, command: MountCommand, signal: AbortSignal): Promise<number> {
  const { spec, foreground } = command;
  process.title = `@stratafs ${nameToText(spec.mountPoint)}`;
  own.yieldHelperThreads();
  const running = await host.start(spec, { foreground, signal });
  keepGoing(host);
  if (!foreground) own.silenceStandardDescriptors();
  // Who started this was ended meanwhile: nobody knows of the mount.
  if (!report(command, 0)) running.unmount();
  return running.ended.then(
    () => 0,
    () => 1,
  );
}

/** This mount and those of others, until a moment after the last has ended: where one was, another follows. */
async function serveAll(host: MountHost, command: MountCommand, signal: AbortSignal): Promise<number> {
  host.lingerFor(lingerMs);
  process.title = '@stratafs shared';
  own.yieldHelperThreads();
  keepGoing(host);
  let status = 0;
  try {
    const running = await host.start(command.spec, { foreground: false, signal });
    own.silenceStandardDescriptors();
    if (!report(command, 0)) running.unmount();
  } catch (thrown) {
    const isThere = isAnotherCallFor(command.spec, thrown);
    if (!isThere) printError(thrown);
    own.silenceStandardDescriptors();
    if (!isThere) status = thrown instanceof UserError ? thrown.exitCode : 1;
    report(command, status);
  }
  await host.emptied;
  return status;
}

/** Answers false where somebody wanted to hear the status, and does not any more. */
function report({ reportTo }: Pick<MountCommand, 'reportTo'>, status: number): boolean {
  return reportTo === undefined || own.reportStatus(reportTo, status);
}

/** What it asks for is there already: containerd, for one, calls twice within a moment. */
function isAnotherCallFor(spec: MountCommand['spec'], thrown: unknown): boolean {
  if (!(thrown instanceof UserError) || thrown.code !== 'in-use') return false;
  const asked = { ...spec, layers: checkLayers(spec.layers) };
  return isMountedThere(asked, checkMountPoint(spec.mountPoint).realPath);
}

/** What no gate caught, a fault in a timer or in a promise that nobody awaited: the mounts live on. */
function keepGoing(host: MountHost): void {
  process.on('uncaughtException', (thrown) => {
    host.fault(thrown);
  });
}

/** As libfuse: what the caller ignores stays ignored. */
function onEndingSignals(ignored: readonly string[], act: (signal: NodeJS.Signals) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, ignored.includes(signal) ? () => undefined : act);
  }
}

void main().then(own.endProcess);
