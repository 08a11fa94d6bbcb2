/**
 * A mount namespace of a child that does nothing but have it: what is mounted there is seen by nobody else, and is gone
 * when the child ends, which it does with this process.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { nameFromText, nameToText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { findMountsOf } from '../os/mountinfo.ts';
import { runChild } from '../store/child.ts';

export interface MountNamespace {
  /** Where this process sees what is at `path` in there. */
  at(path: string): string;
  /** Shows `source` at `target` too, with what is mounted below it if it is `recursive`. UserError. */
  bind(source: string, target: string, options: { readonly recursive: boolean }): Promise<void>;
  /** Makes the mount at `target` read-only, and those below it if it is `recursive`. UserError. */
  setReadOnly(target: string, options: { readonly recursive: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** A copy of this process's own; what is unmounted here goes there too. UserError `no-namespace`. */
export async function openMountNamespace(): Promise<MountNamespace> {
  const child = spawn('unshare', ['--mount', '--propagation', 'slave', '--', 'cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'exit').catch(() => undefined);
  child.stdin.write('\n');
  // What comes back has gone through the namespace.
  const begun = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)]);
  const { pid } = child;
  if (begun === undefined || pid === undefined)
    throw new UserError('no-namespace', 'no mount namespace can be made', {
      hint: 'it takes root, and unshare(1) of util-linux',
    });
  const mount = async (...args: readonly string[]): Promise<void> => {
    await runChild('nsenter', [`--mount=/proc/${String(pid)}/ns/mnt`, '--', 'mount', '-i', ...args]);
  };
  return {
    at: (path) => `/proc/${String(pid)}/root${path}`,
    bind: (source, target, { recursive }) => mount(recursive ? '--rbind' : '--bind', '--', source, target),
    setReadOnly: async (target, { recursive }) => {
      const below = nameFromText(`${target}/`);
      const points = (findMountsOf(pid) ?? []).map(({ mountPoint }) => mountPoint);
      const all = recursive ? points.filter((point) => point.startsWith(below)).map(nameToText) : [];
      for (const point of [target, ...all]) await mount('-o', 'remount,bind,ro', '--', point);
    },
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
