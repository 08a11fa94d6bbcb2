/**
 * A mount namespace that was made while a tree was mounted (unshare(1), a service of its own) has a copy of that mount, which
 * outlives ours and keeps its server at work, on layers that are about to be changed or removed. Copies are taken away
 * where they are.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { nameToText } from '../../base/name.ts';
import { findMountsOf, showsTree, type MountedTree, type MountEntry } from '../../os/mountinfo.ts';
import { mountNamespace } from '../../os/process-identity.ts';
import { runChild } from '../child.ts';

/**
 * Takes the mounts of a tree away in all other mount namespaces; what uses one there keeps it until it ends. Answers
 * false where one stays: its namespace may not be entered, or something else is mounted over it there.
 */
export async function detachCopies(tree: MountedTree): Promise<boolean> {
  let isDone = true;
  const seen = new Set([mountNamespace()]);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const namespace = namespaceOf(pid);
    if (namespace === undefined || seen.has(namespace)) continue;
    seen.add(namespace);
    isDone = (await detachIn(pid, tree)) && isDone;
  }
  return isDone;
}

async function detachIn(pid: string, tree: MountedTree): Promise<boolean> {
  const mounts = findMountsOf(Number(pid)) ?? [];
  for (const copy of mounts.filter((entry) => showsTree(entry, tree)).reverse()) {
    const isOnTop = mounts.findLast(({ mountPoint }) => mountPoint === copy.mountPoint) === copy;
    if (isOnTop) await detach(pid, copy);
  }
  // The process may have ended meanwhile, or somebody else been faster.
  return findMountsOf(Number(pid))?.some((entry) => showsTree(entry, tree)) !== true;
}

async function detach(pid: string, { mountPoint }: MountEntry): Promise<void> {
  const enter = ['--target', pid, '--mount', '--', 'umount', '--lazy', '--no-canonicalize'];
  // What has become of it is looked for afterwards.
  await runChild('nsenter', [...enter, nameToText(mountPoint)]).catch(() => undefined);
}

function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}
