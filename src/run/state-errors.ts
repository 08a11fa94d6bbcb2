/** What an act says that wants a container in another state than the one it is in. */
import { UserError } from '../base/user-error.ts';
import type { Container } from './container.ts';

type Named = Pick<Container, 'name'>;

export function notRunning({ name }: Named): UserError {
  return new UserError('not-running', `container ${name} is not running`, {
    hint: `strata start ${name} starts it`,
  });
}

export function isPaused({ name }: Named): UserError {
  return new UserError('paused', `container ${name} is paused`, {
    hint: `unpause it first: strata unpause ${name}`,
  });
}

export function noSuchContainer(given: string): UserError {
  return new UserError('no-such-container', `no such container: ${given}`, {
    hint: 'strata ps -a lists them',
  });
}
