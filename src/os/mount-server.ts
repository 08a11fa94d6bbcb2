/**
 * Starts bin/stratafs for one mount, as a child in a session of its own, so that it lives as long as the mount,
 * also when this process ends first. Whoever mounts from a program goes through here; it knows the
 * command line of the server and nothing of what the options mean.
 */
import { fileURLToPath } from 'node:url';
import { UserError } from '../base/user-error.ts';
import { startReportingChild, type ReportingChild } from './reporting-child.ts';

export interface MountServerOptions {
  /** The value of one `-o`. */
  readonly options: string;
  readonly mountPoint: string;
  /** Lets its log have every request. */
  readonly debug?: boolean;
}

/** The same place seen from src/os and from dist/os. */
const program = fileURLToPath(new URL('../../bin/stratafs', import.meta.url));

/**
 * Resolves when the file system answers; the child does not keep this process alive. UserError `mount-failed`,
 * whose message is the server's line, when it cannot be mounted; nothing is left behind then.
 */
export async function startMountServer(request: MountServerOptions): Promise<ReportingChild> {
  const child = await startReportingChild({
    program,
    args: [
      '--report=3',
      '-f',
      ...(request.debug === true ? ['-d'] : []),
      ...['-o', request.options, '--', request.mountPoint],
    ],
    detached: true,
    // The launcher would take the one in PATH, which may be another, or none.
    env: { ...process.env, STRATAFS_NODE: process.execPath },
  });
  const status = await child.report;
  if (status !== 0) {
    await child.exited;
    const line = child
      .errorOutput()
      .trim()
      .replace(/^stratafs: /, '');
    throw new UserError('mount-failed', line === '' ? 'the server ended without a message' : line, {
      exitCode: status,
    });
  }
  child.unref();
  return child;
}
