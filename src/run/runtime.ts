/**
 * Which OCI runtime runs containers here: runc or crun, taken for working when it has run one. crun, for one, is
 * installed and refuses machines with hybrid cgroups. A success is remembered in the run root, which the next boot
 * empties, as long as the program stays the same file.
 */
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { UserError } from '../base/user-error.ts';
import { runtimeSpec, type SpecMount } from './runtime-spec.ts';

export interface RuntimeProbe {
  /** As it was asked for: `runc`. */
  readonly name: string;
  /** Undefined where there is no such program. */
  readonly path: string | undefined;
  /** Why it does not work; undefined where it does. */
  readonly reason: string | undefined;
}

const candidates = ['runc', 'crun'] as const;

/** Runs a container with each runtime that is known, and tells what came of it. */
export function probeRuntimes(): RuntimeProbe[] {
  return candidates.map(probe);
}

/**
 * The path of a runtime that works: `wanted` (a name or a path), or the first. UserError `no-runtime` with every
 * reason and what to install.
 */
export function findWorkingRuntime(runRoot: string, wanted?: string): string {
  const tried: RuntimeProbe[] = [];
  for (const name of wanted === undefined ? candidates : [wanted]) {
    const path = findProgram(name);
    if (path !== undefined && isRemembered(runRoot, path)) return path;
    const result = probe(name);
    if (result.path !== undefined && result.reason === undefined) {
      remember(runRoot, result.path);
      return result.path;
    }
    tried.push(result);
  }
  const why = tried.map(({ name, reason }) => `${name}: ${reason ?? ''}`).join('; ');
  throw new UserError('no-runtime', `no container runtime works here (${why})`, {
    hint:
      wanted === undefined || tried.every(({ path }) => path === undefined)
        ? 'install the package runc: apt-get install runc'
        : 'leave --runtime out for one that works; strata info tells which do',
    exitCode: 125,
  });
}

/** The file that a shell would run; undefined where there is none. */
export function findProgram(name: string): string | undefined {
  const paths = name.includes('/')
    ? [name]
    : (process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, name));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

/** Whether cgroups are of version 2 alone (cgroups(7)). */
export function hasUnifiedCgroups(): boolean {
  return existsSync('/sys/fs/cgroup/cgroup.controllers');
}

function probe(name: string): RuntimeProbe {
  const path = findProgram(name);
  if (path === undefined) return { name, path, reason: 'not installed' };
  const bundle = mkdtempSync(join(tmpdir(), 'strata-probe-'));
  try {
    writeProbeBundle(bundle);
    const id = bundle.slice(bundle.lastIndexOf('/') + 1);
    const state = join(bundle, 'state');
    const { error, status, stderr } = spawnSync(path, ['--root', state, 'run', '--bundle', bundle, id], {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 20_000,
    });
    if (status === 0) return { name, path, reason: undefined };
    spawnSync(path, ['--root', state, 'delete', '--force', id], { stdio: 'ignore' });
    return { name, path, reason: messageOf(stderr) ?? error?.message ?? `exit status ${String(status)}` };
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
}

/** What a runtime has printed as its last line, without the dress of its logger. */
export function messageOf(stderr: string): string | undefined {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  const quoted = /msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1]?.replaceAll(/\\(.)/g, '$1');
  const text = (quoted ?? line).trim();
  return text === '' ? undefined : text;
}

/** /bin/true of this machine in a root of its own. */
function writeProbeBundle(bundle: string): void {
  const root = join(bundle, 'root');
  mkdirSync(root);
  const mounts: SpecMount[] = [];
  for (const name of ['bin', 'lib', 'lib64', 'usr']) {
    const stat = lstatSync(`/${name}`, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() === true) symlinkSync(readlinkSync(`/${name}`), join(root, name));
    else if (stat !== undefined)
      mounts.push({ destination: `/${name}`, type: 'bind', source: `/${name}`, options: ['rbind', 'ro'] });
  }
  const spec = runtimeSpec({
    process: {
      argv: ['/bin/true'],
      env: ['PATH=/bin:/usr/bin'],
      cwd: '/',
      account: { uid: 0, gid: 0, additionalGids: [], home: '/' },
      terminal: false,
    },
    root,
    readOnlyRoot: false,
    hostname: 'probe',
    network: 'host',
    mounts,
    cgroup: `/strata/${bundle.slice(bundle.lastIndexOf('/') + 1)}`,
    unifiedCgroups: hasUnifiedCgroups(),
  });
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
}

function memory(runRoot: string): string {
  return join(runRoot, 'runtimes.json');
}

/** Size, time and path of the program: an upgrade makes another file. */
function fingerprint(path: string): string {
  const { size, mtimeMs } = statSync(path);
  return `${path} ${String(size)} ${String(mtimeMs)}`;
}

function isRemembered(runRoot: string, path: string): boolean {
  try {
    return (JSON.parse(readFileSync(memory(runRoot), 'utf8')) as unknown[]).includes(fingerprint(path));
  } catch {
    return false;
  }
}

function remember(runRoot: string, path: string): void {
  mkdirSync(runRoot, { recursive: true, mode: 0o700 });
  writeFileSync(memory(runRoot), JSON.stringify([fingerprint(path)]));
}
