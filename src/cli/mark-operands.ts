/**
 * `strata run IMAGE ls -l`: what comes after the image, or the container of `exec`, belongs to the command inside, whatever
 * it looks like. A `--` in front of it tells that to the parser, which reads options wherever they stand. For the same
 * reason `--driver` of `volume create`, which is another one than that of `strata`, gets a name of its own.
 */
import type { Command, Option } from 'commander';

/** Commands whose operands end in another program's command line. */
export const takers = new Set(['run', 'create', 'exec', 'top']);

/** By command, Docker's options without a value that may have one all the same. */
const switchesOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  commit: {
    ...{ '-p=true': '--pause', '--pause=true': '--pause' },
    ...{ '-p=false': '--no-pause', '--pause=false': '--no-pause' },
  },
  attach: { '--sig-proxy=false': '--no-sig-proxy' },
};

/** `argv` as `process.argv` has it, made plain for the parser. */
export function markOperands(program: Command, argv: readonly string[]): string[] {
  let at = firstOperand(argv, 2, program.options);
  let command = find(program, argv[at]);
  if (command?.name() === 'volume' && argv[at + 1] === 'create')
    return argv.map((word, index) =>
      index > at ? word.replace(/^--driver(?=$|=)/, '--volume-driver') : word,
    );
  if (command?.commands.length !== undefined && command.commands.length > 0) {
    at = firstOperand(argv, at + 1, program.options);
    command = find(command, argv[at]);
  }
  const switches = switchesOf[command?.name() ?? ''];
  if (switches !== undefined) return argv.map((word) => switches[word] ?? word);
  if (command === undefined || !takers.has(command.name())) return [...argv];
  const operand = firstOperand(argv, at + 1, [...program.options, ...command.options]);
  if (operand >= argv.length || argv[operand - 1] === '--') return [...argv];
  return [...argv.slice(0, operand), '--', ...argv.slice(operand)];
}

function find(parent: Command, name: string | undefined): Command | undefined {
  return parent.commands.find((candidate) => candidate.name() === name);
}

/** The index of the first argument from `from` on that is neither an option nor its value. */
function firstOperand(argv: readonly string[], from: number, options: readonly Option[]): number {
  let at = from;
  for (; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--') return at + 1;
    if (!word.startsWith('-') || word === '-') return at;
    if (takesNext(word, options)) at += 1;
  }
  return at;
}

function takesNext(word: string, options: readonly Option[]): boolean {
  if (word.startsWith('--'))
    return !word.includes('=') && needsValue(options.find(({ long }) => long === word));
  // `-itv x`: the first letter that wants a value has the rest of the word, or the next one.
  for (let at = 1; at < word.length; at++) {
    if (needsValue(options.find(({ short }) => short === `-${word[at] ?? ''}`)))
      return at === word.length - 1;
  }
  return false;
}

function needsValue(option: Option | undefined): boolean {
  return option?.required === true;
}
