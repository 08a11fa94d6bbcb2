/**
 * What could stand in place of the last word of an unfinished command line. It is read off the commands themselves:
 * their options, the choices and the names of values. It does not know what images or containers there are, and says only
 * that one is wanted.
 */
import type { Command, Option } from 'commander';
import { findCommand, takesCommandLine, valuedLetter } from './mark-operands.ts';

export interface Candidate {
  readonly word: string;
  /** One line about it; may be empty. */
  readonly text: string;
}

/** Things of the data root that have names, and things that the shell knows by itself. */
export type Wanted = 'image' | 'container' | 'volume' | 'file' | 'directory';

export interface Completion {
  readonly words: readonly Candidate[];
  readonly wanted: readonly Wanted[];
}

const nothing: Completion = { words: [], wanted: [] };

/** By the names that commands give to their operands and to the values of their options. */
const wantedBy: Readonly<Record<string, readonly Wanted[]>> = {
  image: ['image'],
  container: ['container'],
  volume: ['volume'],
  'container-or-image': ['container', 'image'],
  mountpoint: ['directory'],
  context: ['directory'],
  dir: ['directory'],
  file: ['file'],
  path: ['file'],
};

/** Where the same name means something else. */
const wantedIn: Readonly<Record<string, readonly Wanted[]>> = {
  'inspect name': ['container', 'image'],
  'mount source': ['container', 'image', 'directory'],
  'cp source': ['container', 'file'],
  'cp target': ['container', 'file'],
  'import source': ['file'],
  'cat file': ['image'],
  'tree path': [],
};

/** `words` are those after the program's name; the last one, which may be empty, is to be completed. */
export function completeWords(program: Command, words: readonly string[]): Completion {
  const last = words.at(-1) ?? '';
  let command = program;
  let operands = 0;
  let isPlain = false;
  let isHelp = false;
  for (let at = 0; at < words.length - 1; at++) {
    const word = words[at] ?? '';
    if (!isPlain && word === '--') isPlain = true;
    else if (!isPlain && word.startsWith('-') && word !== '-') {
      const option = valueOf(program, command, word);
      if (option === undefined) continue;
      if (at === words.length - 2) return completeValue(option);
      at += 1;
    } else if (command === program && operands === 0 && word === 'help') isHelp = true;
    else {
      const next = operands === 0 ? findCommand(command, word) : undefined;
      if (next === undefined) operands += 1;
      else command = next;
      // The rest is another program's command line.
      if (!isHelp && takesCommandLine(command) && operands > 0) return { words: [], wanted: ['file'] };
    }
  }
  if (!isPlain && last.startsWith('-')) return completeOption(program, command);
  if (command.commands.length > 0) return completeCommand(command);
  // What the command itself takes is not asked for.
  if (isHelp) return nothing;
  const argument = command.registeredArguments[Math.min(operands, command.registeredArguments.length - 1)];
  if (argument === undefined || (operands >= command.registeredArguments.length && !argument.variadic))
    return nothing;
  if (argument.argChoices !== undefined) return completeChoices(argument.argChoices);
  return completeNamed(`${command.name()} ${argument.name()}`, argument.name());
}

/** The option whose value is the next word. */
function valueOf(program: Command, command: Command, word: string): Option | undefined {
  const options = [...command.options, ...program.options];
  const isLong = word.startsWith('--');
  if (!isLong && valuedLetter(word, options) !== word.length - 1) return undefined;
  const found = options.find(
    ({ long, short }) => (isLong ? long : short) === (isLong ? word : `-${word.at(-1) ?? ''}`),
  );
  return found?.required === true ? found : undefined;
}

function completeValue({ argChoices, flags }: Option): Completion {
  if (argChoices !== undefined) return completeChoices(argChoices);
  return completeNamed(flags, /<([^>]*)>/.exec(flags)?.[1] ?? '');
}

function completeChoices(choices: readonly string[]): Completion {
  return { words: choices.map((word) => ({ word, text: '' })), wanted: [] };
}

function completeNamed(place: string, name: string): Completion {
  return { words: [], wanted: wantedIn[place] ?? wantedBy[name] ?? [] };
}

function completeOption(program: Command, command: Command): Completion {
  const options = [...command.options, ...program.options].filter(({ hidden }) => !hidden);
  return {
    words: options.map(({ long, short, description }) => ({ word: long ?? short ?? '', text: description })),
    wanted: [],
  };
}

function completeCommand(command: Command): Completion {
  return {
    words: command
      .createHelp()
      .visibleCommands(command)
      .map((one) => ({ word: one.name(), text: one.description() })),
    wanted: [],
  };
}
