/**
 * A container as it was asked for, of which the name alone changes from its creation to its removal, and the last run
 * of it. Both are files of its directory in the data root.
 */
import { existsSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { isFrozen } from '../os/control-group.ts';
import { isRunning, type ProcessIdentity } from '../os/process-identity.ts';
import { brokenFile, findJson, findLine, writeDurably } from '../store/durable.ts';
import type { CapabilityChanges } from './capabilities.ts';
import { bundlePath, containerPath, exitsPath, type Engine } from './engine.ts';
import type { Limits } from './limits.ts';
import type { MountRequest } from './mount-request.ts';
import type { SeccompChoice } from './seccomp.ts';
import type { Sysctls } from './sysctls.ts';

export interface Container {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** ISO 8601. */
  readonly created: string;
  readonly image: { readonly id: string; readonly name: string };
  readonly entrypoint: readonly string[];
  /** What follows the entrypoint; the two together are not empty. */
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly workingDir: string;
  /** As `-u` takes it. */
  readonly user: string;
  /** As `--group-add` takes them: groups that its processes have besides those of their user. */
  readonly groupAdd?: readonly string[] | undefined;
  readonly hostname: string;
  readonly terminal: boolean;
  /** Standard input stays open (`-i`). */
  readonly openStdin: boolean;
  /** It ends with that of the first who is attached; undefined: so it is. Otherwise it stays open for others. */
  readonly stdinOnce?: boolean | undefined;
  readonly network: 'host' | 'none';
  readonly readOnlyRoot: boolean;
  /** Parameters of the kernel that it has of its own; undefined: as they are for everyone. */
  readonly sysctls?: Sysctls | undefined;
  /** Undefined: none. */
  readonly limits?: Limits | undefined;
  /** Undefined: those of Docker. */
  readonly capabilities?: CapabilityChanges | undefined;
  readonly noNewPrivileges?: boolean | undefined;
  /** All capabilities and devices of the machine, nothing masked, and no filter but one that was asked for. */
  readonly privileged?: boolean | undefined;
  /** Undefined: the filter of system calls that is usual here. */
  readonly seccomp?: SeccompChoice | undefined;
  /** In the order in which they are mounted; every volume has its name. */
  readonly mounts: readonly MountRequest[];
  /** As `--volumes-from` took them; what they have is among the mounts. */
  readonly volumesFrom?: readonly string[];
  /** Volumes that were made for this container, and go with it. */
  readonly anonymousVolumes: readonly string[];
  /** Undefined: whichever works. */
  readonly runtime?: string;
  /** It goes when it ends (`--rm`). */
  readonly autoRemove: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: string;
  /** Seconds that it has to end; negative: for as long as it takes. Undefined: as long as others. */
  readonly stopTimeout?: number | undefined;
}

const runSchema = v.object({
  /** Tells this run from every other one. */
  run: v.string(),
  startedAt: v.string(),
  runtime: v.string(),
  /** The first process of the container, as the machine sees it; absent while it is being made. */
  process: v.optional(v.object({ pid: v.number(), start: v.string() })),
  finishedAt: v.optional(v.string()),
  exitCode: v.optional(v.number()),
  /** Why it never began. */
  error: v.optional(v.string()),
  /** The kernel has killed a process of it because memory was short; written with its end. */
  oomKilled: v.optional(v.boolean()),
});

export type Run = v.InferOutput<typeof runSchema>;

export type ContainerStatus =
  | { readonly status: 'created' }
  | { readonly status: 'running' | 'paused'; readonly startedAt: string; readonly pid: number }
  | {
      readonly status: 'exited';
      readonly startedAt: string;
      readonly finishedAt: string | undefined;
      readonly exitCode: number;
    };

/** Whether it has processes: it runs, or is held still. */
export function isActive(
  status: ContainerStatus,
): status is Extract<ContainerStatus, { readonly pid: number }> {
  return status.status === 'running' || status.status === 'paused';
}

/** For a run that ended without anybody to see it: the machine stopped, or conmon was killed. */
export const unknownExitCode = 255;

const containerSchema = v.looseObject({
  id: v.string(),
  name: v.string(),
  image: v.looseObject({ id: v.string() }),
});

/** Undefined where there is none, or not yet, or not any more. UserError `broken-file`, also for one that has run and has lost it. */
export async function findContainer(
  engine: Pick<Engine, 'containers'>,
  id: string,
): Promise<Container | undefined> {
  const path = containerPath(engine, id, 'container.json');
  // Its other fields are as they were written, whole.
  const found = (await findJson(path, containerSchema)) as Container | undefined;
  if (found !== undefined) return found;
  // In this order: whoever removes one takes the other file first.
  const isLost = !existsSync(removedPath(engine, id)) && existsSync(containerPath(engine, id, 'run.json'));
  if (isLost) throw brokenFile(path, 'it is missing');
  return undefined;
}

/** What `container.json` is called while its container is being removed. */
export function removedPath(engine: Pick<Engine, 'containers'>, id: string): string {
  return containerPath(engine, id, 'container.json.removed');
}

export async function writeContainer(engine: Engine, container: Container): Promise<void> {
  await writeDurably(containerPath(engine, container.id, 'container.json'), `${JSON.stringify(container)}\n`);
}

/** The last run; undefined for a container that was never started. */
export function findRun(engine: Engine, id: string): Promise<Run | undefined> {
  return findJson(containerPath(engine, id, 'run.json'), runSchema);
}

export async function writeRun(engine: Engine, id: string, run: Run): Promise<void> {
  await writeDurably(containerPath(engine, id, 'run.json'), `${JSON.stringify(run)}\n`);
}

/** What has become of a container, as far as the machine tells: nothing is waited for. */
export async function readStatus(engine: Engine, id: string): Promise<ContainerStatus> {
  const run = await findRun(engine, id);
  if (run === undefined) return { status: 'created' };
  const { startedAt, finishedAt } = run;
  if (finishedAt === undefined) {
    const exitCode = await findExitCode(engine, id);
    // Between the end of the process and the word of it there is only conmon.
    const isAlive = (first: ProcessIdentity): Promise<boolean> =>
      isRunning(first) ? Promise.resolve(true) : isSupervised(engine, id);
    if (exitCode === undefined && run.process !== undefined && (await isAlive(run.process))) {
      const { pid } = run.process;
      return { status: isFrozen(pid) ? 'paused' : 'running', startedAt, pid };
    }
    return { status: 'exited', startedAt, finishedAt, exitCode: exitCode ?? unknownExitCode };
  }
  return { status: 'exited', startedAt, finishedAt, exitCode: run.exitCode ?? unknownExitCode };
}

/** What conmon has written of the last run, until the next boot. */
export async function findExitCode(engine: Engine, id: string): Promise<number | undefined> {
  const line = await findLine(`${exitsPath(engine)}/${id}`);
  return line === undefined || line === '' ? undefined : Number(line);
}

/** Whether the conmon of the last run is still there to write the exit status. */
export async function isSupervised(engine: Engine, id: string): Promise<boolean> {
  const pid = Number((await findLine(bundlePath(engine, id, 'conmon.pid'))) ?? '0');
  // The number may be another's by now.
  return pid > 0 && argumentsOf(pid).includes(id);
}

/** Of a process; none where there is no such. */
function argumentsOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'latin1').split('\0');
  } catch {
    return [];
  }
}
