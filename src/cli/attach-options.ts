/** The options of commands that stay with a container: `run`, `start -a`, `attach`. The spellings are Docker's. */
import type { Command } from 'commander';
import { leaveKeys, parseKeys } from '../run/attach.ts';

export interface AttachOptions {
  readonly sigProxy: boolean;
  readonly detachKeys?: string;
}

export function addAttachOptions(command: Command): Command {
  return command
    .option('--no-sig-proxy', 'signals are for this command, not for the container')
    .option('--detach-keys <keys>', 'what leaves its terminal, unless told ctrl-p,ctrl-q');
}

/** What leaves the terminal, and whether signals are forwarded. UserError `bad-keys`. */
export function readAttachOptions({ sigProxy, detachKeys }: AttachOptions): {
  readonly keys: Buffer;
  readonly forwards: boolean;
} {
  return { keys: detachKeys === undefined ? leaveKeys : parseKeys(detachKeys), forwards: sigProxy };
}
