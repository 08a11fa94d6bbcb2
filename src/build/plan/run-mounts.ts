/**
 * `RUN --mount`: a line of comma-separated fields, by the Dockerfile reference ("RUN --mount"). Values may hold
 * variables, but for `from`, which is needed before any is known.
 */
import { posix } from 'node:path';
import { UserError } from '../../base/user-error.ts';
import { parseSize } from '../../run/parse-size.ts';
import { findBoolean } from '../dockerfile/boolean.ts';
import { findNearest } from '../dockerfile/nearest.ts';
import { cutOnce } from '../dockerfile/words.ts';

export interface BindMount {
  readonly type: 'bind';
  /** Absolute. */
  readonly target: string;
  /** In the context, or in what `from` names. */
  readonly source: string;
  readonly from: string | undefined;
  /** What is written goes when the step ends. */
  readonly writable: boolean;
}

export interface CacheMount {
  readonly type: 'cache';
  readonly target: string;
  readonly id: string;
  readonly writable: boolean;
  /** `private` waits as `locked` does: steps of one build never run at the same time. */
  readonly sharing: 'shared' | 'private' | 'locked';
  /** What a new cache begins with, when `from` is given. */
  readonly from: string | undefined;
  readonly source: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface TmpfsMount {
  readonly type: 'tmpfs';
  readonly target: string;
  /** In bytes; undefined for no limit of its own. */
  readonly size: number | undefined;
  readonly writable: boolean;
}

export interface SecretMount {
  readonly type: 'secret';
  readonly id: string;
  /** undefined where it is given as a variable only. */
  readonly target: string | undefined;
  readonly env: string | undefined;
  readonly required: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** The socket of an agent of ssh. */
export interface SshMount {
  readonly type: 'ssh';
  readonly id: string;
  readonly target: string;
  readonly required: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export type RunMount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount;

/** Some say nothing for their type, and are taken as BuildKit takes them. */
const common = ['type', 'id', 'target', 'readonly', 'env'] as const;
const fieldsOf = {
  bind: [...common, 'source', 'from'],
  cache: [...common, 'source', 'from', 'sharing', 'mode', 'uid', 'gid'],
  tmpfs: [...common, 'source', 'from', 'size'],
  secret: [...common, 'source', 'required', 'mode', 'uid', 'gid'],
  ssh: [...common, 'from', 'required', 'mode', 'uid', 'gid'],
} as const;

/** The id of an agent that has no other. */
export const defaultAgent = 'default';

const aliases: ReadonlyMap<string, string> = new Map([
  ['src', 'source'],
  ['dst', 'target'],
  ['destination', 'target'],
  ['ro', 'readonly'],
  ['rw', 'readwrite'],
]);

/** Those that may stand without a value. */
const switches: ReadonlySet<string> = new Set(['readonly', 'readwrite', 'required']);

/** All of one RUN. `workdir`: relative targets lie below it. UserError `bad-mount`. */
export function parseRunMounts(
  texts: readonly string[],
  expand: (word: string) => string,
  workdir: string,
): RunMount[] {
  const mounts: RunMount[] = [];
  for (const text of texts) {
    const agents = mounts.filter(({ type }) => type === 'ssh').length;
    mounts.push(parseRunMount(text, expand, { workdir, agents }));
  }
  return mounts;
}

/** `agents`: how many stand before it. */
function parseRunMount(
  text: string,
  expand: (word: string) => string,
  { workdir, agents }: { readonly workdir: string; readonly agents: number },
): RunMount {
  const fields = readFields(text, expand);
  const type = (fields.get('type') ?? 'bind').toLowerCase();
  if (!Object.hasOwn(fieldsOf, type))
    throw bad(`type=${type} is not known`, 'there are bind, cache, tmpfs, secret, ssh');
  checkFields(fields, type as keyof typeof fieldsOf);
  const given = findGiven(fields, 'target');
  const named = given === undefined ? undefined : placeOf(workdir, given);
  if (type === 'secret') return secretMount(fields, named);
  if (type === 'ssh') return sshMount(fields, named ?? `/run/buildkit/ssh_agent.${String(agents)}`);
  const target = named ?? placeOf(workdir, '.');
  const writable = !isSet(fields, 'readonly', type === 'bind');
  if (type === 'tmpfs') return { type, target, size: sizeOf(fields.get('size')), writable };
  const place = { target, source: fields.get('source') ?? '/', from: findGiven(fields, 'from'), writable };
  if (type === 'bind') return { type, ...place };
  const sharing = (fields.get('sharing') ?? 'shared').toLowerCase();
  if (sharing !== 'shared' && sharing !== 'private' && sharing !== 'locked') {
    throw bad(`sharing=${sharing} is not known`, 'there are shared, private, locked');
  }
  // The path as it is written, whatever WORKDIR is (BuildKit: dispatchRunMounts in dockerfile2llb).
  const id = findGiven(fields, 'id') ?? cleaned(given ?? '');
  return { type: 'cache', ...place, id, sharing, ...access(fields, 0o755) };
}

function placeOf(workdir: string, path: string): string {
  const target = posix.resolve(workdir, path);
  if (target === '/') throw bad('a mount cannot cover the root', 'choose a directory for target=');
  return target;
}

function checkFields(fields: ReadonlyMap<string, string>, type: keyof typeof fieldsOf): void {
  const known: readonly string[] = fieldsOf[type];
  const strange = [...fields.keys()].find((name) => !known.includes(name));
  if (strange === undefined) return;
  const near = findNearest(strange, known);
  throw bad(
    `type=${type} has no field "${strange}"`,
    near === undefined ? `there are ${known.join(', ')}` : `write ${near}`,
  );
}

/** A path without what says nothing, nor a slash at its end. */
function cleaned(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, '');
}

/** `target`: undefined where none is given. */
function secretMount(fields: ReadonlyMap<string, string>, target: string | undefined): SecretMount {
  const [named, source] = [findGiven(fields, 'id'), findGiven(fields, 'source')];
  if (named !== undefined && source !== undefined) {
    throw bad('id= and source= both name the secret', 'leave one of them out');
  }
  const id = named ?? source ?? (target === undefined ? undefined : posix.basename(target));
  const env = findGiven(fields, 'env');
  if (id === undefined) throw bad('a secret needs its id', 'write type=secret,id=NAME');
  return {
    type: 'secret',
    id,
    target: target ?? (env === undefined ? `/run/secrets/${posix.basename(id)}` : undefined),
    env,
    required: isSet(fields, 'required', false),
    ...access(fields, 0o400),
  };
}

function sshMount(fields: ReadonlyMap<string, string>, target: string): SshMount {
  return {
    type: 'ssh',
    id: findGiven(fields, 'id') ?? defaultAgent,
    target,
    required: isSet(fields, 'required', false),
    ...access(fields, 0o600),
  };
}

/** What `from` names, before anything is expanded; undefined without it. */
export function findMountSource(text: string): string | undefined {
  return unlessEmpty(fieldsIn(text).findLast(([name]) => name === 'from')?.[1]);
}

/** By their usual names, the last of each; switches have values, and `readwrite` is the opposite of `readonly`. */
function readFields(text: string, expand: (word: string) => string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of fieldsIn(text)) {
    if (value === undefined && !switches.has(name))
      throw bad(`${name} lacks its value`, `write ${name}=VALUE`);
    if (name === 'from' && value?.includes('$') === true) {
      throw bad('from= has no variables', `write FROM ${value} AS NAME before this stage, and from=NAME`);
    }
    const expanded = value === undefined ? 'true' : expand(value);
    if (switches.has(name)) {
      const isOn = booleanOf(name, expanded);
      if (name === 'readwrite') fields.set('readonly', String(!isOn));
      else fields.set(name, String(isOn));
    } else fields.set(name, expanded);
  }
  return fields;
}

/** As they are written: a line of comma-separated values, of which a field in double quotes may hold commas. */
function fieldsIn(text: string): [name: string, value: string | undefined][] {
  const fields = text.match(/(?:"(?:[^"]|"")*"|[^,"])+/g) ?? [];
  return fields.map((field) => {
    const bare = /^".*"$/s.test(field) ? field.slice(1, -1).replaceAll('""', '"') : field;
    const [key, value] = cutOnce(bare, '=') ?? [bare, undefined];
    const name = key.toLowerCase();
    return [aliases.get(name) ?? name, value];
  });
}

/** An empty value is as good as none. */
function findGiven(fields: ReadonlyMap<string, string>, name: string): string | undefined {
  return unlessEmpty(fields.get(name));
}

function unlessEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function access(
  fields: ReadonlyMap<string, string>,
  mode: number,
): { mode: number; uid: number; gid: number } {
  const text = fields.get('mode') ?? mode.toString(8);
  if (!/^0*[0-7]{1,4}$/.test(text)) throw bad(`mode=${text} is no octal mode`, 'write mode=0600');
  return { mode: Number.parseInt(text, 8), uid: idOf(fields, 'uid'), gid: idOf(fields, 'gid') };
}

function idOf(fields: ReadonlyMap<string, string>, name: string): number {
  const text = fields.get(name) ?? '0';
  if (!/^\d+$/.test(text)) throw bad(`${name}=${text} is no number`, `write ${name}=1000`);
  return Number(text);
}

function isSet(fields: ReadonlyMap<string, string>, name: string, otherwise: boolean): boolean {
  return fields.has(name) ? fields.get(name) === 'true' : otherwise;
}

function booleanOf(name: string, text: string): boolean {
  const value = findBoolean(text);
  if (value === undefined) throw bad(`${name}=${text} is neither true nor false`, `write ${name}=true`);
  return value;
}

function sizeOf(text: string | undefined): number | undefined {
  const size = text === undefined ? undefined : parseSize(text);
  if (text === undefined || size !== undefined) return size;
  throw bad(`size=${text} is no size`, 'write size=64m');
}

function bad(message: string, hint: string): UserError {
  return new UserError('bad-mount', `--mount: ${message}`, { hint });
}
