/**
 * `RUN --mount`: a line of comma-separated fields, by the Dockerfile reference ("RUN --mount"). Values may hold
 * variables, but for `from`, which is needed before any is known.
 */
import { posix } from 'node:path';
import { UserError } from '../../base/user-error.ts';
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

const fieldsOf = {
  bind: ['type', 'target', 'source', 'from', 'rw', 'readwrite', 'ro', 'readonly'],
  cache: [
    'type',
    'id',
    'target',
    'ro',
    'readonly',
    'rw',
    'readwrite',
    'sharing',
    'from',
    'source',
    'mode',
    'uid',
    'gid',
  ],
  tmpfs: ['type', 'target', 'size'],
  secret: ['type', 'id', 'target', 'env', 'required', 'mode', 'uid', 'gid'],
  ssh: ['type', 'id', 'target', 'required', 'mode', 'uid', 'gid'],
} as const;

/** The id of an agent that has no other. */
export const defaultAgent = 'default';

const aliases: Readonly<Record<string, string>> = { src: 'source', dst: 'target', destination: 'target' };

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
  const type = fields.get('type') ?? 'bind';
  if (!Object.hasOwn(fieldsOf, type))
    throw bad(`type=${type} is not known`, 'there are bind, cache, tmpfs, secret, ssh');
  const known: readonly string[] = fieldsOf[type as keyof typeof fieldsOf];
  const strange = [...fields.keys()].find((name) => !known.includes(name));
  if (strange !== undefined) {
    const near = findNearest(strange, known);
    throw bad(
      `type=${type} has no field "${strange}"`,
      near === undefined ? `there are ${known.join(', ')}` : `write ${near}`,
    );
  }
  const given = fields.get('target');
  const target = given === undefined ? undefined : posix.resolve(workdir, given);
  if (target === '/') throw bad('a mount cannot cover the root', 'choose a directory for target=');
  if (type === 'secret') return secretMount(fields, target);
  if (type === 'ssh') return sshMount(fields, target ?? `/run/buildkit/ssh_agent.${String(agents)}`);
  if (target === undefined) throw bad('target= is missing', 'write target=/PATH');
  if (type === 'tmpfs') return { type, target, size: sizeOf(fields.get('size')) };
  const common = { target, source: fields.get('source') ?? '/', from: fields.get('from') };
  if (type === 'bind')
    return { type, ...common, writable: isSet(fields, 'rw') || isSet(fields, 'readwrite') };
  const sharing = fields.get('sharing') ?? 'shared';
  if (sharing !== 'shared' && sharing !== 'private' && sharing !== 'locked') {
    throw bad(`sharing=${sharing} is not known`, 'there are shared, private, locked');
  }
  return {
    type: 'cache',
    ...common,
    id: fields.get('id') ?? target,
    writable: !isSet(fields, 'ro') && !isSet(fields, 'readonly'),
    sharing,
    ...access(fields, 0o755),
  };
}

function secretMount(fields: ReadonlyMap<string, string>, target: string | undefined): SecretMount {
  const id = fields.get('id') ?? (target === undefined ? undefined : posix.basename(target));
  const env = fields.get('env');
  if (id === undefined || id === '') throw bad('a secret needs its id', 'write type=secret,id=NAME');
  return {
    type: 'secret',
    id,
    target: target ?? (env === undefined ? `/run/secrets/${id}` : undefined),
    env,
    required: isSet(fields, 'required'),
    ...access(fields, 0o400),
  };
}

function sshMount(fields: ReadonlyMap<string, string>, target: string): SshMount {
  return {
    type: 'ssh',
    id: fields.get('id') ?? defaultAgent,
    target,
    required: isSet(fields, 'required'),
    ...access(fields, 0o600),
  };
}

/** What `from` names, before anything is expanded; undefined without it. */
export function findMountSource(text: string): string | undefined {
  return unquoted(fieldsIn(text).findLast(([name]) => name === 'from')?.[1]);
}

function readFields(text: string, expand: (word: string) => string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of fieldsIn(text)) {
    if (name === 'from' && value.includes('$')) {
      throw bad('from= has no variables', `write FROM ${value} AS NAME before this stage, and from=NAME`);
    }
    fields.set(name, expand(value));
  }
  return fields;
}

/** As they are written, by their usual names. The whole, a field or a value may stand in quotes. */
function fieldsIn(text: string): [name: string, value: string][] {
  const fields = unquoted(text).match(/(?:"[^"]*"|'[^']*'|[^,"'])+/g) ?? [];
  return fields.map((field) => {
    const bare = unquoted(field.trim());
    const [key, value] = cutOnce(bare, '=') ?? [bare, ''];
    const name = key.toLowerCase();
    return [aliases[name] ?? name, value];
  });
}

/** Without the quotes around it, where there are any and none in it. */
function unquoted<T extends string | undefined>(text: T): T {
  return text?.replace(/^(["'])([^"']*)\1$/, '$2') as T;
}

function access(
  fields: ReadonlyMap<string, string>,
  mode: number,
): { mode: number; uid: number; gid: number } {
  const text = fields.get('mode') ?? mode.toString(8);
  if (!/^[0-7]{1,4}$/.test(text)) throw bad(`mode=${text} is no octal mode`, 'write mode=0600');
  return { mode: Number.parseInt(text, 8), uid: idOf(fields, 'uid'), gid: idOf(fields, 'gid') };
}

function idOf(fields: ReadonlyMap<string, string>, name: string): number {
  const text = fields.get(name) ?? '0';
  if (!/^\d+$/.test(text)) throw bad(`${name}=${text} is no number`, `write ${name}=1000`);
  return Number(text);
}

/** `rw`, `rw=true`, `rw=false`. */
function isSet(fields: ReadonlyMap<string, string>, name: string): boolean {
  const value = fields.get(name);
  return value !== undefined && value !== 'false';
}

const units: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

function sizeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, amount, unit] = /^(\d+)([bkmg]?)b?$/i.exec(text) ?? [];
  if (amount === undefined) throw bad(`size=${text} is no size`, 'write size=64m');
  return Number(amount) * (units[(unit ?? '').toLowerCase()] ?? 1);
}

function bad(message: string, hint: string): UserError {
  return new UserError('bad-mount', `--mount: ${message}`, { hint });
}
