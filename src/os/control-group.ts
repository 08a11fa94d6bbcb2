/**
 * What control groups (cgroups(7)) tell of the processes in them: by a controller of version 1 where that is mounted at its usual
 * place, else by that of version 2.
 */
import { existsSync, readFileSync } from 'node:fs';

const root = '/sys/fs/cgroup';

/** Whether the group of the process was told to freeze. False for a process that is not there. */
export function isFrozen(pid: number): boolean {
  const lines = textOf(`/proc/${String(pid)}/cgroup`)?.split('\n') ?? [];
  const pathIn = (hierarchy: RegExp): string | undefined =>
    lines.find((line) => hierarchy.test(line))?.replace(/^[^:]*:[^:]*:/, '');
  const [old, unified] = [pathIn(/^\d+:([^:]*,)?freezer(,[^:]*)?:/), pathIn(/^0::/)];
  const asked =
    old === undefined
      ? textOf(`${root}${unified ?? ''}/cgroup.freeze`)
      : textOf(`${root}/freezer${old}/freezer.self_freezing`);
  return asked?.trim() === '1';
}

/**
 * Whether the kernel has killed a process of the group `path`, absolute in each hierarchy, because memory was short
 * (memory.oom_control, memory.events). False for a group that is not there.
 */
export function hasOomKill(path: string): boolean {
  const told = textOf(`${root}/memory${path}/memory.oom_control`) ?? textOf(`${root}${path}/memory.events`);
  return Number(/^oom_kill (\d+)$/m.exec(told ?? '')?.[1] ?? '0') > 0;
}

/** Whether the kernel can hold a group to a sum of memory and swap. False where it cannot be told, as in the root of version 2. */
export function accountsSwap(): boolean {
  const own = /^0::(.*)$/m.exec(textOf('/proc/self/cgroup') ?? '')?.[1] ?? '/';
  return (
    existsSync(`${root}/memory/memory.memsw.limit_in_bytes`) || existsSync(`${root}${own}/memory.swap.max`)
  );
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
