/**
 * `strata inspect` of a container, with the field names of `docker container inspect` where it has them.
 */
import { UserError } from '../base/user-error.ts';
import { hasOomKill } from '../os/control-group.ts';
import { findRun, isActive, readStatus, type Container } from './container.ts';
import { describeAskedMounts, describeMounts, describeVolumes } from './describe-mounts.ts';
import { describeNetwork } from './describe-network.ts';
import { containerPath, controlGroup, logPath, type Engine, type ImageDefaults } from './engine.ts';
import { describeLimits } from './limits.ts';
import { listOrNil, mapOrNil } from './nil.ts';
import { omitEmpty } from './omit-empty.ts';
import { seccompText } from './seccomp.ts';

/** Docker's word for a time that has not come. */
const never = '0001-01-01T00:00:00Z';

export async function describeContainer(engine: Engine, container: Container): Promise<object> {
  const [path, ...args] = [...container.entrypoint, ...container.command];
  return {
    Id: container.id,
    Created: container.created,
    Path: path ?? '',
    Args: args,
    State: await stateOf(engine, container),
    Image: container.image.id,
    ResolvConfPath: containerPath(engine, container.id, 'resolv.conf'),
    HostnamePath: containerPath(engine, container.id, 'hostname'),
    HostsPath: containerPath(engine, container.id, 'hosts'),
    LogPath: logPath(engine, container.id),
    Name: `/${container.name}`,
    RestartCount: 0,
    ...{ Platform: 'linux', MountLabel: '', ProcessLabel: '', AppArmorProfile: '', ExecIDs: listOrNil([]) },
    HostConfig: omitEmpty(
      {
        ...describeAskedMounts(container),
        LogConfig: { Type: 'json-file', Config: {} },
        NetworkMode: container.network,
        ...{ PortBindings: {}, PublishAllPorts: false, ExtraHosts: listOrNil([]), Devices: [] },
        ...{ PidMode: '', IpcMode: 'private', UTSMode: '', ShmSize: 64 << 20 },
        RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
        AutoRemove: container.autoRemove,
        ReadonlyRootfs: container.readOnlyRoot,
        Privileged: container.privileged === true,
        GroupAdd: container.groupAdd ?? [],
        ...{ CapAdd: container.capabilities?.add ?? [], CapDrop: container.capabilities?.drop ?? [] },
        SecurityOpt: securityOptions(container),
        SeccompProfile: seccompText(container),
        Sysctls: container.sysctls ?? {},
        ...describeLimits(container.limits),
        Runtime: container.runtime ?? '',
      },
      'Mounts',
      'Sysctls',
      'Tmpfs',
    ),
    Mounts: describeMounts(engine, container),
    Config: await configOf(engine, container),
    NetworkSettings: describeNetwork(container),
  };
}

async function stateOf(engine: Engine, container: Container): Promise<object> {
  const state = await readStatus(engine, container.id);
  const run = await findRun(engine, container.id);
  return omitEmpty(
    {
      Status: state.status,
      Running: isActive(state),
      Paused: state.status === 'paused',
      // Nobody starts a container anew but who says so.
      Restarting: false,
      OOMKilled: run?.oomKilled ?? (run !== undefined && hasOomKill(controlGroup(container.id))),
      Dead: false,
      Pid: isActive(state) ? state.pid : 0,
      ExitCode: state.status === 'exited' ? state.exitCode : 0,
      Error: run?.error ?? '',
      StartedAt: state.status === 'created' ? never : state.startedAt,
      FinishedAt: state.status === 'exited' ? (state.finishedAt ?? never) : never,
      // Nobody looks after its health.
      Health: null,
    },
    'Health',
  );
}

async function configOf(engine: Engine, container: Container): Promise<object> {
  const defaults = await findDefaults(engine, container);
  return omitEmpty(
    {
      Hostname: container.hostname,
      Domainname: '',
      User: container.user,
      Tty: container.terminal,
      OpenStdin: container.openStdin,
      StdinOnce: container.openStdin && container.stdinOnce !== false,
      Env: container.env,
      Cmd: container.command,
      Image: container.image.name,
      Volumes: describeVolumes(container, defaults.Volumes),
      WorkingDir: container.workingDir,
      Entrypoint: listOrNil(container.entrypoint),
      OnBuild: listOrNil([]),
      Labels: container.labels,
      StopSignal: container.stopSignal,
      StopTimeout: container.stopTimeout ?? null,
      ExposedPorts: mapOrNil(defaults.ExposedPorts),
      // Nobody looks after its health.
      Healthcheck: null,
    },
    'ExposedPorts',
    'Healthcheck',
  );
}

/** Those of its image; none where that cannot be read, of which `system check` tells. */
async function findDefaults({ layers }: Engine, { image }: Container): Promise<ImageDefaults> {
  try {
    return (await layers.getImage(image.id)).defaults;
  } catch (thrown) {
    if (thrown instanceof UserError) return {};
    throw thrown;
  }
}

/** As they were given; a profile as a whole, as Docker shows it. */
function securityOptions({ noNewPrivileges, seccomp }: Container): string[] {
  return [
    ...(noNewPrivileges === true ? ['no-new-privileges'] : []),
    ...(seccomp === undefined
      ? []
      : [`seccomp=${seccomp === 'unconfined' ? seccomp : JSON.stringify(seccomp)}`]),
  ];
}
