/**
 * `--mount`: `type=bind,source=/a,target=/b,readonly`, a line of CSV whose fields are Docker's, with its errors.
 * A field that stands in quotes may hold commas.
 */
import { resolve } from 'node:path';
import { UserError } from '../base/user-error.ts';
import { mountTarget, propagations, type MountRequest, type Propagation } from './mount-request.ts';
import { parseSize } from './parse-size.ts';
import { checkVolumeName } from './volume-name.ts';

/** The words for each field. */
const fields = {
  type: ['type'],
  source: ['source', 'src'],
  target: ['target', 'destination', 'dst'],
  readonly: ['readonly', 'ro'],
  consistency: ['consistency'],
  'bind-propagation': ['bind-propagation'],
  'bind-nonrecursive': ['bind-nonrecursive'],
  'bind-recursive': ['bind-recursive'],
  'bind-create-src': ['bind-create-src'],
  'volume-subpath': ['volume-subpath'],
  'volume-nocopy': ['volume-nocopy'],
  'volume-label': ['volume-label'],
  'volume-driver': ['volume-driver'],
  'volume-opt': ['volume-opt'],
  'tmpfs-size': ['tmpfs-size'],
  'tmpfs-mode': ['tmpfs-mode'],
} as const satisfies Record<string, readonly string[]>;

type Field = keyof typeof fields;
const flags: ReadonlySet<string> = new Set([
  'readonly',
  'volume-nocopy',
  'bind-nonrecursive',
  'bind-create-src',
]);
/** What may be written in capitals. */
const words: ReadonlySet<string> = new Set(['type', 'consistency', 'bind-propagation']);

/** The values of each field that was given, in order. */
type Given = ReadonlyMap<Field, readonly string[]>;

/** Relative sources of binds are below `cwd`. UserError `bad-mount`, `bad-volume-name`. */
export function parseMountFlag(text: string, cwd: string): MountRequest {
  const given = parseFields(text);
  const type = last(given, 'type') ?? 'volume';
  if (type !== 'bind' && type !== 'volume' && type !== 'tmpfs')
    throw bad(text, `mount type unknown: "${type}"`, 'it is bind, volume or tmpfs');
  for (const field of given.keys()) {
    const owner = /^(bind|volume|tmpfs)-/.exec(field)?.[1];
    if (owner !== undefined && owner !== type)
      throw bad(text, `cannot mix '${owner}-*' options with mount type '${type}'`);
  }
  const target = last(given, 'target');
  if (target === undefined) throw bad(text, 'target is required', 'add target=/PATH');
  const at = mountTarget(target);
  if (type === 'tmpfs') return tmpfsRequest(text, given, at);
  const source = last(given, 'source') ?? '';
  return type === 'bind'
    ? bindRequest(text, given, resolveSource(source, cwd), at)
    : volumeRequest(text, given, source, at);
}

/**
 * The command line `argv` as it was meant, where a `--mount` was written with spaces after its commas, which the shell makes
 * several arguments of; undefined where none of the values that were given to `--mount` ends in a comma.
 */
export function findCorrectedLine(argv: readonly string[], values: readonly string[]): string | undefined {
  if (!values.some((value) => value.endsWith(','))) return undefined;
  const words: string[] = [];
  let goesOn = false;
  for (const [at, word] of argv.entries()) {
    const isMount = word.startsWith('--mount=') || argv[at - 1] === '--mount';
    words.push(goesOn ? `${words.pop() ?? ''}${word}` : word);
    goesOn = (goesOn || isMount) && word.endsWith(',');
  }
  return words.join(' ');
}

function resolveSource(source: string, cwd: string): string {
  return source.startsWith('.') ? resolve(cwd, source) : source;
}

function bindRequest(text: string, given: Given, source: string, target: string): MountRequest {
  if (source === '') throw bad(text, 'invalid mount config for type "bind": field Source must not be empty');
  if (!source.startsWith('/'))
    throw bad(
      text,
      `invalid mount config for type "bind": invalid mount path: '${source}' mount path must be absolute`,
    );
  const propagation = last(given, 'bind-propagation') ?? 'rprivate';
  if (!(propagations as readonly string[]).includes(propagation))
    throw bad(
      text,
      `invalid mount config for type "bind": invalid propagation mode: ${propagation}`,
      `it is one of ${propagations.join(', ')}`,
    );
  const recursion = recursionOf(text, given, propagation as Propagation);
  return {
    type: 'bind',
    source: resolve(source),
    target,
    readOnly: flag(given, 'readonly'),
    propagation: propagation as Propagation,
    createSource: flag(given, 'bind-create-src'),
    recursive: recursion !== 'disabled' && !flag(given, 'bind-nonrecursive'),
    ...(recursion === 'writable' || recursion === 'readonly' ? { below: recursion } : {}),
  };
}

const recursions = ['enabled', 'disabled', 'writable', 'readonly'] as const;

function recursionOf(text: string, given: Given, propagation: Propagation): (typeof recursions)[number] {
  const word = last(given, 'bind-recursive') ?? 'enabled';
  const recursion = recursions.find((known) => known === word);
  if (recursion === undefined)
    throw bad(
      text,
      `invalid value for bind-recursive: ${word} (must be "enabled", "disabled", "writable", or "readonly")`,
    );
  const needed =
    recursion !== 'writable' && recursion !== 'readonly'
      ? undefined
      : !flag(given, 'readonly')
        ? 'readonly'
        : recursion === 'readonly' && propagation !== 'rprivate'
          ? 'bind-propagation=rprivate'
          : undefined;
  if (needed !== undefined)
    throw bad(text, `option 'bind-recursive=${word}' requires '${needed}' to be specified in conjunction`);
  return recursion;
}

function volumeRequest(text: string, given: Given, source: string, target: string): MountRequest {
  if (source !== '') checkVolumeName(source);
  const subpath = last(given, 'volume-subpath');
  const isInside = subpath === undefined || !(subpath.startsWith('/') || subpath.split('/').includes('..'));
  if (!isInside) throw bad(text, `subpath must be a relative path within the volume: ${subpath}`);
  const driver = last(given, 'volume-driver');
  const pairs = (field: Field): Record<string, string> =>
    Object.fromEntries((given.get(field) ?? []).map((pair) => splitPair(pair)));
  return {
    type: 'volume',
    source: source === '' ? undefined : source,
    target,
    readOnly: flag(given, 'readonly'),
    noCopy: flag(given, 'volume-nocopy'),
    ...(subpath === undefined ? {} : { subpath }),
    ...(driver === undefined ? {} : { driver }),
    ...(given.has('volume-opt') ? { driverOptions: pairs('volume-opt') } : {}),
    ...(given.has('volume-label') ? { labels: pairs('volume-label') } : {}),
  };
}

function tmpfsRequest(text: string, given: Given, target: string): MountRequest {
  if (given.has('source'))
    throw bad(text, 'invalid mount config for type "tmpfs": field Source must not be specified');
  const size = last(given, 'tmpfs-size');
  const mode = last(given, 'tmpfs-mode') ?? '1777';
  if (!/^0*[0-7]{1,4}$/.test(mode)) throw bad(text, `invalid value for tmpfs-mode: ${mode}`);
  const bytes = size === undefined ? undefined : parseSize(size);
  if (size !== undefined && bytes === undefined) throw bad(text, `invalid value for tmpfs-size: ${size}`);
  return {
    type: 'tmpfs',
    target,
    options: [
      ...['noexec', 'nosuid', 'nodev', ...(flag(given, 'readonly') ? ['ro'] : [])],
      ...(bytes === undefined ? [] : [`size=${String(bytes)}`]),
      `mode=${mode.replace(/^0+(?=.)/, '')}`,
    ],
  };
}

function parseFields(text: string): Given {
  const given = new Map<Field, string[]>();
  for (const part of splitCsv(text)) {
    const [word, value] = splitPair(part);
    const hasValue = part.includes('=');
    const key = word.toLowerCase();
    if (word !== word.trim() || part === '')
      throw bad(
        text,
        part === ''
          ? 'invalid empty field'
          : `invalid option '${word.trim()}' in '${part}': option should not have whitespace`,
        `write it without spaces: --mount ${text.replaceAll(/\s*,\s*/g, ',').replace(/,$/, '')}`,
      );
    const field = (Object.keys(fields) as Field[]).find((name) =>
      (fields[name] as readonly string[]).includes(key),
    );
    if (field === undefined)
      throw hasValue
        ? bad(text, `unexpected key '${word}' in '${part}'`)
        : bad(text, `invalid field '${part}' must be a key=value pair`);
    if (!hasValue && !flags.has(field)) throw bad(text, `invalid field '${part}' must be a key=value pair`);
    if (hasValue && value.trim() === '') throw bad(text, `invalid value for '${word}': value is empty`);
    if (value !== value.trim())
      throw bad(text, `invalid value for '${word}' in '${part}': value should not have whitespace`);
    if (flags.has(field) && hasValue && !/^(1|0|t|f|true|false)$/i.test(value))
      throw bad(text, `invalid value for ${word}: ${value}`, 'it is true or false');
    const meant = !hasValue ? 'true' : words.has(field) ? value.toLowerCase() : value;
    given.set(field, [...(given.get(field) ?? []), meant]);
  }
  return given;
}

/** `"a,b",c` are two fields; a doubled quote in a quoted field is one. */
function splitCsv(text: string): string[] {
  const parts: string[] = [];
  const pattern = /("(?:[^"]|"")*"|[^,"]*)(,|$)/y;
  for (;;) {
    const match = pattern.exec(text);
    if (match === null) throw bad(text, `parse error: a quote is left open in ${text}`);
    const [, raw = '', end] = match;
    parts.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    if (end === '') return parts;
  }
}

function splitPair(text: string): [key: string, value: string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function last(given: Given, field: Field): string | undefined {
  return given.get(field)?.at(-1);
}

function flag(given: Given, field: Field): boolean {
  return /^(1|t|true)$/i.test(last(given, field) ?? '');
}

function bad(text: string, message: string, hint?: string): UserError {
  return new UserError('bad-mount', `invalid argument "${text}" for "--mount" flag: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
