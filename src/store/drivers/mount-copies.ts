/**
 * A mount namespace that was made while a tree was mounted (unshare(1), a service of its own) has a copy of that mount, which
 * outlives ours and keeps its server at work, on layers that are about to be changed or removed. Copies are taken away
 * where they are.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { nameToText } from '../../base/name.ts';
import { findMountsOf } from '../../os/mountinfo.ts';
import { mountNamespace } from '../../os/process-identity.ts';
import { runChild } from '../child.ts';

/**
 * Takes the mounts of `device` (`major:minor`) away in all other mount namespaces; what uses one there keeps it until it
 * ends. Nothing happens in those that may not be entered.
 */
export async function detachCopies(device: string): Promise<void> {
  const seen = new Set([mountNamespace()]);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const namespace = namespaceOf(pid);
    if (namespace === undefined || seen.has(namespace)) continue;
    seen.add(namespace);
    const copies = findMountsOf(Number(pid))?.filter((mount) => mount.device === device) ?? [];
    for (const { mountPoint } of copies) {
      const enter = ['--target', pid, '--mount', '--', 'umount', '--lazy', '--no-canonicalize'];
      await runChild('nsenter', [...enter, nameToText(mountPoint)]).catch(() => undefined);
    }
  }
}

function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}
