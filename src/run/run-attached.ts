/**
 * A run in front of a person or a script: its output is here, signals go there, and its end is waited for.
 */
import { withContainer } from './container-book.ts';
import { findRun, type Container } from './container.ts';
import { attach, type AttachedStreams, type Attachment } from './attach.ts';
import { bundlePath, type Engine } from './engine.ts';
import { endRun } from './end-run.ts';
import { removeContainer } from './remove-container.ts';
import { signalContainer } from './signal-container.ts';
import { startContainer } from './start-container.ts';
import { notRunning } from './state-errors.ts';
import { waitForExit } from './wait-exit.ts';

/** Signals that are meant for the program, not for us who stand before it. */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** Starts a container and lets it go. UserError as `startContainer`; one that goes with its end is gone then. */
export async function runDetached(engine: Engine, container: Container): Promise<void> {
  try {
    await withContainer(engine, container.id, () => startContainer(engine, container));
  } catch (thrown) {
    if (container.autoRemove) await removeContainer(engine, container, { force: true, volumes: true });
    throw thrown;
  }
}

/**
 * Starts a container that does not run and stays with it. Answers its exit status; undefined when the person left it
 * (Ctrl-P Ctrl-Q) and it runs on. UserError as `startContainer`.
 */
export async function runAttached(
  engine: Engine,
  container: Container,
  streams: AttachedStreams,
): Promise<number | undefined> {
  let attachment: Attachment | undefined;
  try {
    await withContainer(engine, container.id, () =>
      startContainer(engine, container, () => {
        attachment = attach(bundlePath(engine, container.id), streams, container.terminal);
        return Promise.resolve();
      }),
    );
  } catch (thrown) {
    await attachment?.close();
    if (container.autoRemove) await removeContainer(engine, container, { force: true, volumes: true });
    throw thrown;
  }
  if (attachment === undefined) throw notRunning(container);
  const stop = container.terminal ? undefined : forwardSignals(engine, container);
  try {
    if (await attachment.done) return undefined;
    const code = await waitForExit(engine, container.id);
    await finish(engine, container);
    return code;
  } finally {
    stop?.();
    await attachment.close();
  }
}

/** conmon's exit command does this too, but nobody could wait for that. */
async function finish(engine: Engine, container: Container): Promise<void> {
  await withContainer(engine, container.id, async () => {
    const run = await findRun(engine, container.id);
    if (run !== undefined) await endRun(engine, container, run.run);
  });
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
