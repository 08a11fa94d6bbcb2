/**
 * The options of `strata create` and `strata run`, and what they ask for. The spellings are Docker's.
 */
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { UserError } from '../base/user-error.ts';
import { readEnvFile } from '../run/env-file.ts';
import type { MountRequest } from '../run/mount-request.ts';
import type { ContainerRequest } from '../run/create-container.ts';
import { parseLimits, type LimitWords } from '../run/limits.ts';
import { findCorrectedLine, parseMountFlag } from '../run/parse-mount-flag.ts';
import { parseTmpfsFlag } from '../run/parse-tmpfs-flag.ts';
import { parseVolumeFlag } from '../run/parse-volume-flag.ts';
import { parseSysctls } from '../run/sysctls.ts';
import { addAbsentOptions } from './absent-options.ts';
import { collect, parseLabels, parseSeconds } from './option-values.ts';
import { parseSecurityOptions } from './security-options.ts';

export interface ContainerOptions extends LimitWords {
  readonly rm?: true;
  readonly interactive?: true;
  readonly tty?: true;
  readonly name?: string;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly groupAdd?: readonly string[];
  readonly entrypoint?: string;
  readonly hostname?: string;
  readonly network?: string;
  readonly net?: string;
  readonly readOnly?: true;
  readonly sysctl?: readonly string[];
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly privileged?: true;
  readonly securityOpt?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly volume?: readonly string[];
  readonly mount?: readonly string[];
  readonly volumesFrom?: readonly string[];
  readonly label?: readonly string[];
  readonly runtime?: string;
  readonly volumeDriver?: string;
  readonly envFile?: readonly string[];
  readonly labelFile?: readonly string[];
  readonly stopSignal?: string;
  readonly stopTimeout?: number;
  readonly cidfile?: string;
}

/** Docker's for a command line that makes no sense. */
const exitCode = 125;

export function addContainerOptions(command: Command): Command {
  return refusingOptions(addAbsentOptions(command))
    .argument('<image>')
    .argument('[command...]', 'in place of what the image would run')
    .option('--rm', 'remove the container when it ends')
    .option('-i, --interactive', 'keep standard input open')
    .option('-t, --tty', 'give it a terminal')
    .option('--name <name>', 'a name, in place of one drawn by lot')
    .option('-e, --env <name=value>', 'a variable; without a value, that of this environment', collect)
    .option('--env-file <file>', 'a file with a variable on each line', collect)
    .option('-w, --workdir <dir>', 'the working directory in the container')
    .option('-u, --user <user>', 'USER[:GROUP], names of the image or numbers')
    .option('--group-add <group>', 'a group of the image, or a number, that it is to have as well', collect)
    .option('--entrypoint <program>', "in place of the image's")
    .option('-h, --hostname <name>', 'its host name')
    .option('--network <network>', 'host or none (host)')
    .addOption(new Option('--net <network>').hideHelp())
    .option('--read-only', 'the root cannot be written')
    .option('--sysctl <name=value>', 'a parameter of the kernel that a container has of its own', collect)
    .option('-m, --memory <bytes>', 'how much memory it may have: 512m, 2g')
    .option('--memory-swap <bytes>', 'memory and swap together, in place of twice the memory; -1: all swap')
    .option('--cpus <number>', 'how many processors it may keep busy: 1.5')
    .option('-c, --cpu-shares <weight>', 'its weight where processors are scarce; that of others is 1024')
    .option('--cpuset-cpus <list>', 'which processors: 0-3,7')
    .option('--pids-limit <number>', 'how many processes and threads it may have')
    .option('--cap-add <capability>', 'a capability on top of the usual ones, or ALL', collect)
    .option('--cap-drop <capability>', 'a capability that it has not, or ALL', collect)
    .option('--privileged', 'all capabilities and devices, nothing masked, no filter of system calls')
    .option('--security-opt <option>', 'no-new-privileges, seccomp=FILE or seccomp=unconfined', collect)
    .option('--tmpfs <target>', 'TARGET[:OPTIONS], a file system in memory', collect)
    .option(
      '-v, --volume <volume>',
      'TARGET or SOURCE:TARGET[:OPTIONS], a volume or a directory of this machine',
      collect,
    )
    .option('--mount <mount>', 'type=bind|volume|tmpfs,source=,target=,...', collect)
    .option(
      '--volumes-from <container>',
      'CONTAINER[:ro], its volumes and directories of this machine',
      collect,
    )
    .option('--volume-driver <driver>', 'who keeps the volumes of -v: local')
    .option('-l, --label <name=value>', 'a label', collect)
    .option('--label-file <file>', 'a file with a label on each line', collect)
    .option('--stop-signal <signal>', "what strata stop sends, in place of the image's")
    .option(
      '--stop-timeout <seconds>',
      'how long strata stop waits, in place of 10; -1 is for ever',
      parseSeconds,
    )
    .option('--cidfile <file>', 'write its id there; a file that is there is an error')
    .option('--runtime <runtime>', 'runc, crun, or a path; unless told, whichever works')
    .helpOption('--help', 'this text');
}

/** A command line that the command does not know has Docker's exit status, 125. */
export function refusingOptions(command: Command): Command {
  return command.exitOverride(({ exitCode: status }) => process.exit(status === 0 ? 0 : exitCode));
}

/** UserError, also for what Docker has and this has not. */
export function containerRequest(
  image: string,
  args: readonly string[],
  options: ContainerOptions,
): ContainerRequest {
  const corrected = findCorrectedLine(process.argv.slice(2), options.mount ?? []);
  if (corrected !== undefined)
    throw new UserError('bad-mount', '--mount is one word, and this one has spaces in it', {
      hint: `write: strata ${corrected}`,
    });
  const network = parseNetwork(options.network ?? options.net ?? 'host');
  return {
    image,
    args,
    name: options.name,
    entrypoint: options.entrypoint,
    env: readEnv(options),
    workingDir: options.workdir,
    user: options.user,
    groupAdd: options.groupAdd ?? [],
    hostname: options.hostname,
    terminal: options.tty === true,
    openStdin: options.interactive === true,
    stdinOnce: options.interactive === true,
    network,
    readOnlyRoot: options.readOnly === true,
    sysctls: parseSysctls(options.sysctl ?? [], { network }),
    limits: parseLimits(options),
    capabilities: { add: options.capAdd ?? [], drop: options.capDrop ?? [] },
    ...parseSecurityOptions(options.securityOpt ?? []),
    privileged: options.privileged === true,
    mounts: mountsOf(options),
    volumesFrom: options.volumesFrom ?? [],
    // conmon is in another directory, and so is whoever starts it again.
    runtime: options.runtime?.includes('/') === true ? resolve(options.runtime) : options.runtime,
    autoRemove: options.rm === true,
    labels: parseLabels([
      ...(options.labelFile ?? []).flatMap((path) => readEnvFile(path, '--label-file')),
      ...(options.label ?? []),
    ]),
    stopSignal: options.stopSignal,
    stopTimeout: options.stopTimeout,
  };
}

/** Variables, those of `-e` after those of files. UserError as `readEnvFile`. */
export function readEnv({ envFile = [], env = [] }: Pick<ContainerOptions, 'envFile' | 'env'>): string[] {
  return [...envFile.flatMap((path) => readEnvFile(path)), ...env];
}

function mountsOf(options: ContainerOptions): ContainerRequest['mounts'] {
  return [
    ...(options.volume ?? []).map((text) => ({
      ...keptBy(parseVolumeFlag(text, process.cwd()), options),
      askedBy: '-v' as const,
    })),
    ...(options.mount ?? []).map((text) => ({
      ...parseMountFlag(text, process.cwd()),
      askedBy: '--mount' as const,
    })),
    ...(options.tmpfs ?? []).map((text) => ({ ...parseTmpfsFlag(text), askedBy: '--tmpfs' as const })),
  ];
}

function keptBy(request: MountRequest, { volumeDriver }: ContainerOptions): MountRequest {
  return request.type !== 'volume' || volumeDriver === undefined
    ? request
    : { ...request, driver: volumeDriver };
}

/** What goes wrong before there is a command to have an exit status has Docker's, 125. */
export async function refusing(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (thrown) {
    if (!(thrown instanceof UserError) || thrown.exitCode !== 1) throw thrown;
    const hint = thrown.hint === undefined ? {} : { hint: thrown.hint };
    throw new UserError(thrown.code, thrown.message, { ...hint, exitCode, cause: thrown });
  }
}

function parseNetwork(text: string): 'host' | 'none' {
  if (text === 'host' || text === 'none') return text;
  throw new UserError('no-network', `there is no network ${text}`, {
    hint: '--network is host, the network of this machine, or none',
  });
}
