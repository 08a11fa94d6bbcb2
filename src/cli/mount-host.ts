/**
 * The mounts of one process, from the first that is begun to the end of the last, or a while after it. Each has a log of its own, and
 * none hears of what happens to another.
 */
import { createLog, type Log } from '../base/log.ts';
import type { Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { createLineWriter } from '../os/own-process.ts';
import type { MountSpec } from './mount-spec.ts';
import type { Parts } from './parts.ts';
import { startMount, type RunningMount } from './run-mount.ts';

const standardError = 2;

/** One mount, begun or running. */
interface Held {
  readonly spec: MountSpec;
  readonly log: Log;
  readonly starting: AbortController;
  running: RunningMount | undefined;
}

export interface StartOptions {
  /** Messages go to standard error, unless a file was named for them. */
  readonly foreground: boolean;
  /** Ends the start. */
  readonly signal?: AbortSignal;
}

export class MountHost {
  /** Resolves when there is no mount any more after there was one, and none came while it lingered. */
  readonly emptied: Promise<void>;
  readonly #parts: Parts;
  readonly #held = new Set<Held>();
  #isEmptied = false;
  #lingerMs = 0;
  #lingering: NodeJS.Timeout | undefined;
  #onEmptied: () => void = () => undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.emptied = new Promise((resolve) => (this.#onEmptied = resolve));
  }

  /** From now on another mount may come for so long after the last has ended. */
  lingerFor(ms: number): void {
    this.#lingerMs = ms;
  }

  /** `emptied` has resolved: it is too late for another one. */
  get isEmptied(): boolean {
    return this.#isEmptied;
  }

  /** The mount points of what is mounted, or about to be. */
  get mountPoints(): readonly Name[] {
    return [...this.#held].map(({ spec }) => spec.mountPoint);
  }

  /** As `startMount`. How the mount ends is logged. */
  async start(spec: MountSpec, { foreground, signal }: StartOptions): Promise<RunningMount> {
    const { log, close } = logOf(spec, foreground);
    const held: Held = { spec, log, starting: new AbortController(), running: undefined };
    this.#held.add(held);
    clearTimeout(this.#lingering);
    const leave = (): void => {
      close();
      this.#held.delete(held);
      if (this.#held.size > 0) return;
      this.#lingering = setTimeout(() => {
        this.#empty();
      }, this.#lingerMs);
    };
    const abort = (): void => {
      held.starting.abort(signal?.reason);
    };
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort);
    try {
      held.running = await startMount(spec, this.#parts, log, held.starting.signal);
    } catch (thrown) {
      leave();
      throw thrown;
    }
    void held.running.ended
      .catch((thrown: unknown) => {
        if (thrown instanceof UserError) log.warn(thrown.line);
        else log.fault('the mount ended badly', thrown);
      })
      .finally(leave);
    return held.running;
  }

  /** Unmounts everything, and ends what is being mounted with `reason`. */
  unmountAll(reason: UserError): void {
    for (const { running, starting } of this.#held) {
      if (running === undefined) starting.abort(reason);
      else running.unmount();
    }
    this.#lingerMs = 0;
    if (this.#lingering !== undefined && this.#held.size === 0) this.#empty();
  }

  #empty(): void {
    clearTimeout(this.#lingering);
    this.#isEmptied = true;
    this.#onEmptied();
  }

  /** Something was thrown outside of any request, and nobody knows whose it was. */
  fault(thrown: unknown): void {
    for (const { log } of this.#held) log.fault('outside of any request', thrown);
  }
}

/** In the background there is nobody to read messages, unless a file was named for them. */
export function logOf(
  spec: Pick<MountSpec, 'log' | 'debug'>,
  foreground: boolean,
): { readonly log: Log; readonly close: () => void } {
  const target = spec.log ?? (foreground ? standardError : undefined);
  const writer = target === undefined ? undefined : createLineWriter(target);
  const write = (line: string): void => {
    writer?.write(line);
  };
  return {
    log: createLog(write, { debug: spec.debug }),
    close: () => {
      writer?.close();
    },
  };
}
