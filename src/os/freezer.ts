/**
 * Whether a process is held still by its control group (cgroups(7)): by the freezer of version 1 where that is mounted at
 * its usual place, else by that of version 2.
 */
import { readFileSync } from 'node:fs';

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

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
