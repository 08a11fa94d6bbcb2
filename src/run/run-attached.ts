/**
 * A run in front of a person or a script: its output is here, signals go there, and its end is waited for.
 */
import { UserError } from '../base/user-error.ts';
import { withContainer, withPresentContainer } from './container-book.ts';
import { findRun, isActive, readStatus, type Container, type Run } from './container.ts';
import { attach, type AttachedStreams, type Attachment } from './attach.ts';
import { bundlePath, type Engine } from './engine.ts';
import { endRun } from './end-run.ts';
import { signalContainer } from './signal-container.ts';
import { startContainer } from './start-container.ts';
import { isPaused, notRunning } from './state-errors.ts';
import { waitForExit } from './wait-exit.ts';
import { tryRemoval } from '../store/try-removal.ts';

/** Signals that are meant for the program, not for us who stand before it. */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** Starts a container and lets it go. UserError as `startContainer`, `no-such-container` where it was removed meanwhile. */
export async function runDetached(engine: Engine, container: Container): Promise<void> {
  await withPresentContainer(engine, container, () => startContainer(engine, container));
}

export interface StayOptions {
  /** Signals go to the container, unless it has a terminal, whose keys make them. */
  readonly forwards: boolean;
}

/**
 * Starts a container, or joins one that runs, and stays with it. Answers its exit status; undefined when the person left
 * it (Ctrl-P Ctrl-Q) and it runs on. UserError as `runDetached` and `attachContainer`.
 */
export async function runAttached(
  engine: Engine,
  container: Container,
  streams: AttachedStreams,
  { forwards }: StayOptions,
): Promise<number | undefined> {
  let attachment: Attachment | undefined;
  let run: Run | undefined;
  try {
    run = await withPresentContainer(engine, container, () =>
      startContainer(engine, container, () => {
        attachment = attach(bundlePath(engine, container.id), streams, container.terminal);
        return Promise.resolve();
      }),
    );
  } catch (thrown) {
    await attachment?.close();
    throw thrown;
  }
  if (attachment === undefined || run === undefined)
    return attachContainer(engine, container, streams, { forwards });
  return stay(engine, container, { attachment, run, forwards });
}

/**
 * Stays with a container that runs already. Answers as `runAttached`. UserError `not-running`, `paused`, `not-attachable` where its conmon was killed.
 */
export async function attachContainer(
  engine: Engine,
  container: Container,
  streams: AttachedStreams,
  { forwards }: StayOptions,
): Promise<number | undefined> {
  const [run, { status }] = [await findRun(engine, container.id), await readStatus(engine, container.id)];
  if (status === 'paused') throw isPaused(container);
  if (run === undefined || status !== 'running') throw notRunning(container);
  let attachment: Attachment;
  try {
    attachment = attach(bundlePath(engine, container.id), streams, container.terminal);
  } catch (cause) {
    // It has ended between the look and the call.
    if (!isActive(await readStatus(engine, container.id))) throw notRunning(container);
    throw new UserError('not-attachable', `nobody holds the input and output of ${container.name} any more`, {
      hint: `its conmon was killed; stop and start it: strata restart ${container.name}`,
      cause,
    });
  }
  return stay(engine, container, { attachment, run, forwards });
}

interface Joined extends StayOptions {
  readonly attachment: Attachment;
  readonly run: Run;
}

async function stay(
  engine: Engine,
  container: Container,
  { attachment, run, forwards }: Joined,
): Promise<number | undefined> {
  const stop = forwards && !container.terminal ? forwardSignals(engine, container) : undefined;
  try {
    if (await attachment.done) return undefined;
    const code = await waitForExit(engine, container.id);
    // conmon's exit command does this too, but nobody could wait for that. What stands in the way is not the command's fault.
    await tryRemoval(() => withContainer(engine, container.id, () => endRun(engine, container, run.run)));
    return code;
  } finally {
    stop?.();
    await attachment.close();
  }
}

function forwardSignals(engine: Engine, container: Container): () => void {
  const forward = (signal: NodeJS.Signals): void => {
    // It may have ended just now.
    signalContainer(engine, container, signal).catch(() => undefined);
  };
  for (const signal of forwarded) process.on(signal, forward);
  return () => {
    for (const signal of forwarded) process.off(signal, forward);
  };
}
