/**
 * Makes a command line plain for the parser, which reads options wherever they stand. `strata run IMAGE ls -l`: what comes
 * after the image, or the container of `exec`, belongs to the command inside, whatever it looks like, and a `--` in front of it
 * says so. A switch with a value in Docker's spelling (`--rm=true`) becomes the switch, or goes. A value after a letter loses
 * the sign between them (`-o=FILE`). And `--driver` of `volume create`, which is another one than that of `strata`, gets a name
 * of its own.
 */
import type { Command, Option } from 'commander';

const takers = new Set(['run', 'create', 'exec', 'top']);

/** Whether the operands of a command end in another program's command line; those of `volume create` do not. */
export function takesCommandLine(command: Command): boolean {
  return takers.has(command.name()) && command.registeredArguments.at(-1)?.variadic === true;
}

/** `given` as `process.argv` has it, made plain for the parser. */
export function markOperands(program: Command, given: readonly string[]): string[] {
  const argv = withVolumeDriver(program, given);
  let at = firstOperand(argv, 2, program.options);
  let command = findCommand(program, argv[at]);
  if (command?.commands.length !== undefined && command.commands.length > 0) {
    at = firstOperand(argv, at + 1, program.options);
    command = findCommand(command, argv[at]);
  }
  if (command === undefined) return [...argv];
  const options = [...program.options, ...command.options];
  const before = argv.slice(0, at + 1);
  if (!takesCommandLine(command)) return [...before, ...plainSwitches(argv.slice(at + 1), options)];
  const operand = firstOperand(argv, at + 1, options);
  const own = plainSwitches(argv.slice(at + 1, operand), options);
  const isMarked = operand >= argv.length || argv[operand - 1] === '--';
  return [...before, ...own, ...(isMarked ? [] : ['--']), ...argv.slice(operand)];
}

function withVolumeDriver(program: Command, argv: readonly string[]): readonly string[] {
  const at = firstOperand(argv, 2, program.options);
  if (argv[at] !== 'volume' || argv[at + 1] !== 'create') return argv;
  return argv.map((word, index) => (index > at ? word.replace(/^--driver(?=$|=)/, '--volume-driver') : word));
}

/** By its name or another one. */
export function findCommand(parent: Command, name: string | undefined): Command | undefined {
  return parent.commands.find(
    (one) => one.name() === name || (name !== undefined && one.aliases().includes(name)),
  );
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
  return valuedLetter(word, options) === word.length - 1;
}

/** `-itv x`: where the first letter is that wants a value, which is the rest of the word, or the next one; undefined without any. */
export function valuedLetter(word: string, options: readonly Option[]): number | undefined {
  const letters = /^-[^-]/.test(word) ? Array.from(word.slice(1)) : [];
  const at = letters.findIndex((letter) => needsValue(options.find(({ short }) => short === `-${letter}`)));
  return at < 0 ? undefined : at + 1;
}

/** `-o=FILE` is `-oFILE`; a sign with nothing after it is the value, as in Docker. */
function plainValue(word: string, options: readonly Option[]): string {
  const at = valuedLetter(word, options);
  const [letters, value] = at === undefined ? [word, ''] : [word.slice(0, at + 1), word.slice(at + 1)];
  return value.length > 1 && value.startsWith('=') ? letters + value.slice(1) : word;
}

function needsValue(option: Option | undefined): boolean {
  return option?.required === true;
}

/** The words of a command, up to a `--`, without values of switches. The last word on a switch counts. */
function plainSwitches(words: readonly string[], options: readonly Option[]): string[] {
  const switches = options.filter(({ required, optional }) => !required && !optional);
  // Options with their values: what is taken back later must not be looked for in a value.
  let plain: string[][] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return [...plain.flat(), ...words.slice(at)];
    const { kept, off } = plainSwitch(word, switches);
    if (off !== undefined) plain = plain.map((option) => without(option, off, options));
    const value = takesNext(word, options) && at + 1 < words.length ? [words[++at] ?? ''] : [];
    plain.push([...kept.map((one) => plainValue(one, options)), ...value]);
  }
  return plain.flat();
}

/** An option, and what follows it, without the switch `off`; of letters in one word the others stay. */
function without(words: readonly string[], { long, short }: Option, options: readonly Option[]): string[] {
  const [word, ...rest] = words;
  if (word === undefined) return [];
  if (word === long) return rest;
  if (short === undefined || !/^-[^-]/.test(word)) return [word, ...rest];
  const letters = word.slice(1);
  const end = (valuedLetter(word, options) ?? word.length) - 1;
  const left = letters.slice(0, end).replaceAll(short.slice(1), '') + letters.slice(end);
  return left === '' ? rest : [`-${left}`, ...rest];
}

/** What Docker takes for a truth value (Go's strconv.ParseBool). */
const assignment = /^(?:--(?<long>[^=]+)|-(?<letters>[^=-]+))=(?:(?<on>1|t|true)|0|f|false)$/i;

interface Plain {
  /** What is left of the word. */
  readonly kept: readonly string[];
  /** What it takes back. */
  readonly off?: Option | undefined;
}

function plainSwitch(word: string, switches: readonly Option[]): Plain {
  const { long, letters = '', on } = assignment.exec(word)?.groups ?? {};
  if (long !== undefined) return assigned(`--${long}`, on !== undefined, switches) ?? { kept: [word] };
  // `-di=false`: the value is that of the last letter, the others are on.
  const options = Array.from(letters, (letter) => switches.find(({ short }) => short === `-${letter}`));
  const last = options.at(-1)?.long;
  if (last === undefined || options.includes(undefined)) return { kept: [word] };
  const others = letters.slice(0, -1);
  const { kept = [], off } = assigned(last, on !== undefined, switches) ?? {};
  return { kept: [...(others === '' ? [] : [`-${others}`]), ...kept], off };
}

/** `--x` for one that is on, `--no-x` or nothing for one that is off; undefined where there is no such switch. */
function assigned(long: string, isOn: boolean, switches: readonly Option[]): Plain | undefined {
  const find = (name: string): Option | undefined => switches.find((option) => option.long === name);
  const isNegative = long.startsWith('--no-') && find(long) !== undefined;
  const name = long.slice(isNegative ? '--no-'.length : '--'.length);
  const [positive, negative] = [find(`--${name}`), find(`--no-${name}`)];
  if (positive === undefined && negative === undefined) return undefined;
  const [wanted, other] = isOn === isNegative ? [negative, positive] : [positive, negative];
  return wanted === undefined ? { kept: [], off: other } : { kept: [wanted.long ?? long] };
}
