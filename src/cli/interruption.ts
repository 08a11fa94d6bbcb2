/** Commands that take a while and have something to put away when a person ends them. */
import { constants } from 'node:os';
import { UserError } from '../base/user-error.ts';

export interface Interruption {
  /** Aborted by the first SIGINT or SIGTERM, with the UserError `interrupted`. A second one ends the program. */
  readonly signal: AbortSignal;
  end(): void;
}

/** `what` is interrupted: `the build`. */
export function interruptible(what: string): Interruption {
  const controller = new AbortController();
  const abort = (name: NodeJS.Signals): void => {
    const exitCode = 128 + constants.signals[name];
    controller.abort(new UserError('interrupted', `${what} was interrupted`, { exitCode }));
  };
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.once(name, abort);
  return {
    signal: controller.signal,
    end: () => {
      for (const name of names) process.off(name, abort);
    },
  };
}
