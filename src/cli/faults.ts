/**
 * What is damaged, in commands that list many things: it is named on standard error, each fault once, the rest is shown all the
 * same, and the exit status is 1.
 */
import type { UserError } from '../base/user-error.ts';
import { printError } from './print.ts';

export function tellFaults(faults: Iterable<UserError>): void {
  const told = new Set<string>();
  for (const fault of faults) {
    process.exitCode = 1;
    if (!told.has(fault.message)) printError(fault);
    told.add(fault.message);
  }
}
