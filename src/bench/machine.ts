/**
 * The machine that a run was measured on, as far as figures depend on it.
 */
import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { nameFromText } from '../base/name.ts';
import { readMounts } from '../os/mountinfo.ts';
import type { Machine } from './results.ts';

/** `scratch` is an absolute path without symbolic links. */
export function readMachine(scratch: string): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cpus: processors.length,
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
    kernel: release(),
    node: process.version,
    virtualization: readVirtualization(),
    scratch: `${scratch} (${fileSystemOf(scratch)})`,
  };
}

/** `none` on the metal itself. */
function readVirtualization(): string {
  const asked = spawnSync('systemd-detect-virt', { encoding: 'utf8' });
  const answer = asked.error === undefined ? asked.stdout.trim() : '';
  return answer === '' ? 'unknown' : answer;
}

function fileSystemOf(path: string): string {
  const bytes = nameFromText(path);
  const isAbove = (mountPoint: string): boolean =>
    mountPoint === '/' || bytes === mountPoint || bytes.startsWith(`${mountPoint}/`);
  // Of two that are above, the one with the longer path is nearer; of two on one place, the later is on top.
  const nearest = readMounts()
    .filter(({ mountPoint }) => isAbove(mountPoint))
    .reduce<{ mountPoint: string; type: string } | undefined>(
      (best, entry) =>
        best === undefined || entry.mountPoint.length >= best.mountPoint.length ? entry : best,
      undefined,
    );
  return nearest?.type ?? 'unknown';
}
