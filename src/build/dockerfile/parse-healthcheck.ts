/**
 * HEALTHCHECK: NONE, or CMD with times and a number of retries. It is kept in the image; nothing is checked
 * during a build.
 */
import { findDuration } from './duration.ts';
import type { Escape } from './expand-word.ts';
import { Flags } from './flags.ts';
import type { HealthcheckInstruction } from './instruction.ts';
import { parseCommand } from './parse-command.ts';
import { errorAt } from './place.ts';
import type { RawInstruction } from './split-instructions.ts';

const names = ['interval', 'timeout', 'start-period', 'start-interval', 'retries'] as const;

/** UserError `bad-instruction`, `bad-flag`, and those of flags. */
export function parseHealthcheck({ place, text }: RawInstruction, escape: Escape): HealthcheckInstruction {
  const flags = new Flags(text, names, { place, escape });
  const time = (name: (typeof names)[number]): number => {
    const value = flags.find(name);
    const found = value === undefined ? 0 : findDuration(value);
    // Docker's own least, 1 ms.
    if (found !== undefined && (found === 0 || found >= 1e6)) return found;
    throw errorAt(place, {
      code: 'bad-flag',
      message: `--${name}=${value ?? ''} is no duration of at least 1ms`,
      hint: 'write it as 30s or 1m30s',
    });
  };
  const retries = flags.find('retries') ?? '0';
  if (!/^\+?\d+$/.test(retries)) {
    throw errorAt(place, { code: 'bad-flag', message: `--retries=${retries} is no number` });
  }
  const word = /^\S+/.exec(flags.rest)?.[0] ?? '';
  const command = flags.rest.slice(word.length).trim();
  const isNone = word.toUpperCase() === 'NONE' && command === '';
  if (!isNone && (word.toUpperCase() !== 'CMD' || command === '')) {
    throw errorAt(place, {
      code: 'bad-instruction',
      message: 'HEALTHCHECK takes NONE, or CMD and a command',
      hint: 'write HEALTHCHECK CMD COMMAND',
    });
  }
  return {
    kind: 'healthcheck',
    place,
    check: {
      command: isNone ? 'none' : parseCommand(command),
      interval: time('interval'),
      timeout: time('timeout'),
      startPeriod: time('start-period'),
      startInterval: time('start-interval'),
      retries: Number(retries),
    },
  };
}
