/**
 * RUN: shell form, exec form, and heredocs. A heredoc that is all there is is a script; one that stands in a
 * command line goes to the shell with the line.
 */
import type { Escape } from './expand-word.ts';
import { Flags } from './flags.ts';
import { findOperator } from './heredoc.ts';
import type { RunInstruction } from './instruction.ts';
import { parseCommand } from './parse-command.ts';
import { errorAt } from './place.ts';
import type { RawInstruction } from './split-instructions.ts';

/** UserError `bad-instruction`, `bad-flag`, and those of flags. */
export function parseRun(raw: RawInstruction, escape: Escape): RunInstruction {
  const { place, heredocs, heredocText } = raw;
  const flags = new Flags(raw.text, ['mount', 'network', 'security'], { place, escape });
  const network = flags.find('network') ?? 'default';
  if (network !== 'default' && network !== 'none' && network !== 'host') {
    throw errorAt(place, {
      code: 'bad-flag',
      message: `--network=${network} is not known`,
      hint: 'there are default, none, host',
    });
  }
  if ((flags.find('security') ?? 'sandbox') !== 'sandbox') {
    throw errorAt(place, {
      code: 'bad-flag',
      message: 'a build gives no step more rights',
      hint: 'leave --security out',
    });
  }
  const mounts = flags.all('mount');
  const [script] = heredocs;
  if (script !== undefined && heredocs.length === 1 && findOperator(flags.rest) !== undefined) {
    return { kind: 'run', place, command: { form: 'shell', text: script.content }, script, mounts, network };
  }
  const text = heredocs.length === 0 ? flags.rest : `${flags.rest}\n${heredocText}`;
  return { kind: 'run', place, command: parseCommand(text), mounts, network };
}
