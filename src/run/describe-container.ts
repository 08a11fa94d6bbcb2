/**
 * `strata inspect` of a container, with the field names of `docker container inspect` where it has them.
 */
import { isActive, readStatus, type Container } from './container.ts';
import { containerPath, logPath, type Engine } from './engine.ts';
import type { MountRequest } from './mount-request.ts';
import { seccompText } from './seccomp.ts';

export async function describeContainer(engine: Engine, container: Container): Promise<object> {
  const state = await readStatus(engine, container.id);
  const [path, ...args] = [...container.entrypoint, ...container.command];
  return {
    Id: container.id,
    Created: container.created,
    Path: path ?? '',
    Args: args,
    State: {
      Status: state.status,
      Running: isActive(state),
      Paused: state.status === 'paused',
      Pid: isActive(state) ? state.pid : 0,
      ExitCode: state.status === 'exited' ? state.exitCode : 0,
      StartedAt: state.status === 'created' ? '' : state.startedAt,
      FinishedAt: state.status === 'exited' ? (state.finishedAt ?? '') : '',
    },
    Image: container.image.id,
    ResolvConfPath: containerPath(engine, container.id, 'resolv.conf'),
    HostnamePath: containerPath(engine, container.id, 'hostname'),
    HostsPath: containerPath(engine, container.id, 'hosts'),
    LogPath: logPath(engine, container.id),
    Name: `/${container.name}`,
    HostConfig: {
      LogConfig: { Type: 'json-file', Config: {} },
      NetworkMode: container.network,
      AutoRemove: container.autoRemove,
      ReadonlyRootfs: container.readOnlyRoot,
      Privileged: container.privileged === true,
      CapAdd: container.capabilities?.add ?? [],
      CapDrop: container.capabilities?.drop ?? [],
      SecurityOpt: securityOptions(container),
      SeccompProfile: seccompText(container),
      Runtime: container.runtime ?? '',
    },
    Mounts: container.mounts.map((mount) => describeMount(engine, mount)),
    Config: {
      Hostname: container.hostname,
      User: container.user,
      Tty: container.terminal,
      OpenStdin: container.openStdin,
      Env: container.env,
      Cmd: container.command,
      Image: container.image.name,
      WorkingDir: container.workingDir,
      Entrypoint: container.entrypoint.length === 0 ? null : container.entrypoint,
      Labels: container.labels,
      StopSignal: container.stopSignal,
    },
  };
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

function describeMount(engine: Engine, mount: MountRequest): object {
  if (mount.type === 'tmpfs')
    return {
      Type: 'tmpfs',
      Source: '',
      Destination: mount.target,
      Mode: mount.options.join(),
      RW: true,
      Propagation: '',
    };
  const common = { Destination: mount.target, Mode: mount.readOnly ? 'ro' : '', RW: !mount.readOnly };
  if (mount.type === 'bind')
    return { Type: 'bind', Source: mount.source, ...common, Propagation: mount.propagation };
  const facts = engine.volumes.find(mount.source ?? '');
  return {
    Type: 'volume',
    Name: mount.source,
    Source: facts?.mountpoint ?? '',
    Driver: facts?.driver ?? '',
    ...common,
    Propagation: '',
  };
}
