/**
 * What the mounts of a RUN show: parts of the context or of other stages, directories that outlast builds, secrets, agents.
 * What a step was given is gone, or as it was, after it; a copy of the context serves the whole build.
 */
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findVariable } from '../../base/environment.ts';
import { UserError } from '../../base/user-error.ts';
import { rootOwner } from '../../os/in-root.ts';
import type { Stub } from '../build-store.ts';
import { noRules } from '../context/ignore-rules.ts';
import type { Place } from '../dockerfile/place.ts';
import type { RunMount, SecretMount, SshMount } from '../plan/run-mounts.ts';
import { sourceOf, type Stage } from '../plan/stages.ts';
import { withAgentRelay } from './agent-relay.ts';
import type { BuildRequest, BuildSession, SecretSource, ShownContext } from './build-request.ts';
import { openCache, withCacheLocks } from './cache-mounts.ts';
import { contextPart, layerPart, realPath, type CopyPart, type NamedInput } from './copy-parts.ts';
import type { CopySource } from './copy-files.ts';
import type { StepPlace } from './copy-step.ts';
import { isOfRoot, privateCopy } from './private-copy.ts';
import { getChain } from './source-chain.ts';
import { tmpfsMode, type StepMount } from '../../run/step.ts';

/** A mount with what its content comes from. */
export interface ResolvedMount {
  readonly mount: RunMount;
  /** Of a bind mount, and of a cache that begins with something. */
  readonly part: CopyPart | undefined;
}

export interface PreparedMounts {
  readonly mounts: readonly StepMount[];
  /** Secrets that are given as variables. */
  readonly env: readonly string[];
}

/** UserError `no-source`, `no-context`, `no-such-image`. */
export async function resolveMounts(
  session: BuildSession,
  { stage }: StepPlace,
  mounts: readonly RunMount[],
  at: Place,
): Promise<ResolvedMount[]> {
  const resolved: ResolvedMount[] = [];
  for (const mount of mounts) resolved.push({ mount, part: await partOf(session, stage, mount, at) });
  return resolved;
}

/** What of the mounts is part of a step's key: what they show, but for secrets and what a cache holds. */
export function mountInputs(resolved: readonly ResolvedMount[]): NamedInput[] {
  return resolved.flatMap(({ mount, part }) => {
    const target = inputName(mount);
    const files = mount.type === 'bind' ? (part?.inputs ?? []) : [];
    return [
      [`mount ${target}`, JSON.stringify(mount)] as const,
      ...files.map(([name, digest]) => [`${name} at ${target}`, digest] as const),
    ];
  });
}

/** One secret or agent may be given twice, in two places. */
function inputName(mount: RunMount): string {
  if (mount.type === 'ssh') return `ssh ${mount.id} at ${mount.target}`;
  if (mount.type === 'secret') return `secret ${mount.id} at ${mount.target ?? mount.env ?? ''}`;
  return mount.target;
}

/** What must exist for the mounts. Of a secret or an agent that was not given nothing is mounted. */
export function mountStubs({ request }: BuildSession, resolved: readonly ResolvedMount[]): Stub[] {
  return resolved.flatMap(({ mount, part }): Stub[] => {
    if (mount.target === undefined) return [];
    if (mount.type === 'secret' && !request.secrets.has(mount.id)) return [];
    if (mount.type === 'ssh' && !request.agents.has(mount.id)) return [];
    if (mount.type === 'tmpfs') return [{ path: mount.target, kind: 'directory', mode: tmpfsMode }];
    const isFile =
      mount.type === 'secret' ||
      mount.type === 'ssh' ||
      (mount.type === 'bind' && part?.isDirectory === false);
    return [{ path: mount.target, kind: isFile ? 'file' : 'directory' }];
  });
}

/** The variable that tells a step of its first agent, where it has none of that name (BuildKit: client/llb/exec.go). */
export function findAgentVariable(
  { agents }: BuildRequest,
  env: readonly string[],
  mounts: readonly RunMount[],
): string[] {
  const first = mounts.find((mount) => mount.type === 'ssh' && agents.has(mount.id));
  if (first?.target === undefined || env.some((entry) => entry.startsWith('SSH_AUTH_SOCK='))) return [];
  return [`SSH_AUTH_SOCK=${first.target}`];
}

/** Runs `act` with everything that the mounts ask for. UserError `no-secret`, `no-agent`. */
export function withRunMounts<T>(
  session: BuildSession,
  resolved: readonly ResolvedMount[],
  act: (prepared: PreparedMounts) => Promise<T>,
): Promise<T> {
  const caches = resolved.flatMap(({ mount }) => (mount.type === 'cache' ? [mount] : []));
  return withCacheLocks(session, caches, () => withPrepared(session, resolved, act));
}

async function withPrepared<T>(
  session: BuildSession,
  resolved: readonly ResolvedMount[],
  act: (prepared: PreparedMounts) => Promise<T>,
): Promise<T> {
  const [first, ...rest] = resolved;
  if (first === undefined) return act({ mounts: [], env: [] });
  const go = (own: Partial<PreparedMounts>): Promise<T> =>
    withPrepared(session, rest, (others) =>
      act({
        mounts: [...(own.mounts ?? []), ...others.mounts],
        env: [...(own.env ?? []), ...others.env],
      }),
    );
  const { mount, part } = first;
  if (mount.type === 'tmpfs') return go({ mounts: [mount] });
  if (mount.type === 'secret') return go(secretMount(session, mount));
  if (mount.type === 'ssh') return withAgent(session, mount, go);
  const { target, writable } = mount;
  if (mount.type === 'cache') {
    const source = await openCache(session, mount, part);
    return go({ mounts: [{ type: 'bind', source, target, writable }] });
  }
  return getPart(part).open(async ([source]) => {
    if (source === undefined) throw new UserError('no-source', `there is no "${mount.source}" there`);
    const { tree, found, seen } = source;
    const isContext = tree === session.request.context;
    // What is written must not be seen afterwards.
    const { path, isLive } = writable
      ? { path: await privateCopy(session, source, isContext ? rootOwner : undefined), isLive: false }
      : isContext
        ? await shownContext(session, source)
        : { path: realPath(tree, found.path), isLive: false };
    const result = await go({ mounts: [{ type: 'bind', source: path, target, writable }] });
    if (isLive) await seen?.checkShown(session.signal);
    return result;
  });
}

/**
 * What is left out must not be seen, and a context is root's: where that needs a copy, one serves the whole build, unless
 * what it was made of has changed meanwhile.
 */
async function shownContext(session: BuildSession, source: CopySource): Promise<ShownContext> {
  const { tree, found, seen } = source;
  const known = session.shownContexts.get(found.path);
  const isStill =
    seen !== undefined && known?.seen?.change === undefined && known?.seen?.equals(seen) === true;
  if (isStill) return known;
  const isPlain = !tree.isPartial && (await isOfRoot(source, session.signal));
  const path = isPlain ? realPath(tree, found.path) : await privateCopy(session, source, rootOwner);
  const shown = { path, isLive: isPlain, seen };
  session.shownContexts.set(found.path, shown);
  return shown;
}

async function partOf(
  session: BuildSession,
  stage: Stage,
  mount: RunMount,
  at: Place,
): Promise<CopyPart | undefined> {
  if (mount.type !== 'bind' && !(mount.type === 'cache' && mount.from !== undefined)) return undefined;
  const options = { source: mount.source, exclude: noRules, parents: false, unpacks: false };
  if (mount.from === undefined) return contextPart(session, options);
  const source = sourceOf(mount.from, stage.index, session.stages, at);
  return layerPart(session, await getChain(session, source), options);
}

function getPart(part: CopyPart | undefined): CopyPart {
  if (part === undefined) throw new Error('a bind mount has a source');
  return part;
}

function withAgent<T>(
  { request, store }: BuildSession,
  mount: SshMount,
  act: (prepared: Partial<PreparedMounts>) => Promise<T>,
): Promise<T> {
  const { id, target } = mount;
  const agent = request.agents.get(id);
  if (agent !== undefined) {
    const directory = mkdtempSync(join(store.scratch, 'agent-'));
    return withAgentRelay(agent, directory, mount, (source) =>
      act({ mounts: [{ type: 'bind', source, target, writable: false }] }),
    );
  }
  if (!mount.required) return act({});
  throw new UserError('no-agent', `the ssh agent ${id} is needed and was not given`, {
    hint: `give it: --ssh ${id}, or --ssh ${id}=SOCKET`,
  });
}

function secretMount({ request }: BuildSession, mount: SecretMount): Partial<PreparedMounts> {
  const source = request.secrets.get(mount.id);
  if (source === undefined) {
    if (!mount.required) return {};
    throw new UserError('no-secret', `the secret ${mount.id} is needed and was not given`, {
      hint: `give it: --secret id=${mount.id},src=FILE`,
    });
  }
  const content = readSecret(mount.id, source);
  const env = mount.env === undefined ? [] : [`${mount.env}=${content.toString('utf8')}`];
  if (mount.target === undefined) return { env };
  const { target, mode, uid, gid } = mount;
  return { mounts: [{ type: 'file', content, target, mode, uid, gid }], env };
}

function readSecret(id: string, source: SecretSource): Buffer {
  if ('variable' in source) {
    const value = findVariable(source.variable);
    if (value !== undefined) return Buffer.from(value);
    throw new UserError('no-secret', `the secret ${id}: the variable ${source.variable} is not set`, {
      hint: 'export it, or give a file: --secret id=ID,src=FILE',
    });
  }
  try {
    return readFileSync(source.file);
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('no-secret', `the secret ${id}: ${source.file} cannot be read (${code})`, {
      hint: 'name a file: --secret id=ID,src=FILE',
      cause,
    });
  }
}
