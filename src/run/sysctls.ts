/**
 * `--sysctl NAME=VALUE`: parameters of the kernel that a container has of its own, since they belong to a namespace. All
 * others are the machine's, which nothing that is asked of a container may change.
 */
import { UserError } from '../base/user-error.ts';

/** Values by names. */
export type Sysctls = Readonly<Record<string, string>>;

/** Of the namespaces for System V IPC and host names, of which every container has its own (ipc_sysctl.c, utsname_sysctl.c). */
const ofEach: ReadonlySet<string> = new Set([
  ...['kernel.msgmax', 'kernel.msgmnb', 'kernel.msgmni', 'kernel.sem', 'kernel.shmall', 'kernel.shmmax'],
  ...['kernel.shmmni', 'kernel.shm_rmid_forced', 'kernel.domainname'],
]);

/** Docker's for a command line that makes no sense. */
const exitCode = 125;

/** The last one of a name counts. UserError `bad-sysctl`. */
export function parseSysctls(
  texts: readonly string[],
  { network }: { readonly network: 'host' | 'none' },
): Sysctls {
  return Object.fromEntries(
    texts.map((text): [string, string] => {
      const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
      if (name === '')
        throw new UserError('bad-sysctl', `--sysctl ${text} has no name or no value`, {
          hint: 'write --sysctl NAME=VALUE',
          exitCode,
        });
      checkOwn(name, network);
      return [name, value];
    }),
  );
}

function checkOwn(name: string, network: 'host' | 'none'): void {
  if (ofEach.has(name) || /^fs\.mqueue\../.test(name)) return;
  if (!/^net\../.test(name))
    throw new UserError('bad-sysctl', `sysctl ${name} is not allowed: it is the whole machine's`, {
      hint: `a container has its own of ${[...ofEach].join(', ')}, fs.mqueue.* and, with --network=none, net.*`,
      exitCode,
    });
  if (network === 'host')
    throw new UserError('bad-sysctl', `sysctl ${name} is not allowed with the network of this machine`, {
      hint: 'with --network=none a container has its own; those of the machine change with sysctl -w',
      exitCode,
    });
}
