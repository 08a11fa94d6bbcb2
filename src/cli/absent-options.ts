/**
 * Options of `docker run`, `docker exec` and `docker build` that are not there: who gives one is told what to do instead. They are hidden from help and
 * completion, and take their values, so that what follows is understood.
 */
import { Option, type Command } from 'commander';
import { UserError } from '../base/user-error.ts';

const daemon = 'there is no daemon to do it: let systemd run strata run';
const network = 'a container has the network of this machine (--network=host), or none';

type Absent = readonly [flags: string, instead: string];

const ofRun: readonly Absent[] = [
  ['-p, --publish <port>', 'leave -p out: what listens in the container listens here (--network=host)'],
  ['-P, --publish-all', 'leave -P out: what listens in the container listens here (--network=host)'],
  ['--expose <port>', 'leave it out: what listens in the container listens here (--network=host)'],
  ...['--link <container>', '--ip <address>', '--network-alias <name>', '--mac-address <address>'].map(
    (flags) => [flags, network] as const,
  ),
  ...['--dns <address>', '--dns-search <domain>', '--dns-option <option>', '--add-host <host>'].map(
    (flags) => [flags, 'a container has /etc/hosts and /etc/resolv.conf of this machine'] as const,
  ),
  ...['--device <device>', '--gpus <list>'].map(
    (flags) =>
      [flags, 'a container has no device of this machine; one with --privileged has them all'] as const,
  ),
  ['-a, --attach <stream>', 'in front it shows both outputs, and -i sends its input; -d shows none'],
  ['--restart <policy>', daemon],
  ...['--health-cmd <command>', '--health-interval <duration>', '--health-retries <number>'].map(
    (flags) => [flags, daemon] as const,
  ),
  ['--log-driver <driver>', 'the log is a file: strata logs'],
  ['--log-opt <option>', 'the log is a file: strata logs'],
  [
    '--storage-opt <option>',
    'a container may write what the data root has room for; a volume of a file system in memory has a size: --mount type=tmpfs,target=/DIR,tmpfs-size=64m',
  ],
  ['--ulimit <limit>', "a container has the caller's limits: set them by ulimit, then strata run"],
  ['--shm-size <bytes>', 'mount another one: --mount type=tmpfs,target=/dev/shm,tmpfs-size=1g'],
  ['--init', 'begin with a program that reaps: --entrypoint, or in the image'],
  ['--pid <mode>', 'a container has processes of its own'],
  ['--ipc <mode>', 'a container has its own'],
  ['--userns <mode>', 'users of a container are those of this machine'],
  ['--pull <policy>', 'images are those of the data root: strata images'],
  ['-q, --quiet', 'leave it out: nothing is pulled'],
  ['--isolation <kind>', 'leave it out: there is one kind of container'],
  ['--memory-reservation <bytes>', '--memory is the limit that there is'],
  ['--oom-kill-disable', 'leave it out: what needs more than --memory is ended by the kernel'],
  ['--platform <platform>', 'leave it out: images are of the platform of this machine'],
];

const ofExec: readonly Absent[] = [
  ['--detach-keys <keys>', 'the command ends with its terminal: exec -d lets it run'],
];

const cache = 'steps are taken from the cache of the data root, and kept there';
const sharedLimits = 'a step has the limits of the caller: set them first, by ulimit or systemd-run';

const ofBuild: readonly Absent[] = [
  ...['--cache-from <image>', '--cache-to <place>'].map((flags) => [flags, cache] as const),
  ['--no-cache-filter <stages>', '--no-cache does every step anew'],
  ['-o, --output <place>', 'the image is in the data root: strata export -o FILE IMAGE'],
  ['--push', 'registries are not there yet: strata export -o FILE IMAGE'],
  ['--squash', 'strata export IMAGE | strata import - NAME makes one layer of all'],
  ['--build-context <name=path>', 'FROM and --from name images and stages: strata import DIR NAME'],
  ['--add-host <host>', 'a step has /etc/hosts and /etc/resolv.conf of this machine'],
  ['--shm-size <bytes>', 'RUN --mount=type=tmpfs,target=/dev/shm has a size'],
  ...['--ulimit <limit>', '-m, --memory <bytes>', '--cpus <number>', '-c, --cpu-shares <weight>'].map(
    (flags) => [flags, sharedLimits] as const,
  ),
  ['--security-opt <option>', 'a step has the rights of a container'],
];

/**
 * The command, `exec`, `build` or one that makes containers, gets them all; one that is given is a UserError
 * `no-such-option`, 125 its exit status but for `build`.
 */
export function addAbsentOptions(command: Command): Command {
  const isBuild = command.name() === 'build';
  const options = isBuild ? ofBuild : command.name() === 'exec' ? ofExec : ofRun;
  for (const [flags, instead] of options) {
    const option = new Option(flags).hideHelp();
    command.addOption(option);
    command.on(`option:${option.name()}`, () => {
      throw new UserError('no-such-option', `${option.long ?? flags} is not there`, {
        hint: instead,
        ...(isBuild ? {} : { exitCode: 125 }),
      });
    });
  }
  return command;
}
