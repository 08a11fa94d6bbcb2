/**
 * The mounts of a container as Docker's `inspect` shows them: those that it has (`Mounts`), and what was asked for, by which
 * option (`Binds`, `Mounts`, `Tmpfs` and `VolumesFrom` of `HostConfig`, `Volumes` of `Config`).
 */
import type { Container } from './container.ts';
import type { Engine } from './engine.ts';
import type { BindRequest, MountRequest, TmpfsRequest, VolumeRequest } from './mount-request.ts';
import { listOrNil, mapOrNil } from './nil.ts';
import { omitEmpty } from './omit-empty.ts';

/** Each has all fields of Docker's MountPoint. */
export function describeMounts(engine: Engine, { mounts }: Container): object[] {
  return mounts.map((mount) =>
    omitEmpty(
      {
        ...{ Type: mount.type, Name: '', Source: '', Destination: mount.target },
        ...{ Driver: '', Mode: '', RW: true, Propagation: '' },
        ...particularsOf(engine, mount),
      },
      'Name',
      'Driver',
    ),
  );
}

function particularsOf(engine: Engine, mount: MountRequest): object {
  if (mount.type === 'tmpfs') return { Mode: mount.options.join(), RW: isWritable(mount) };
  const access = { Mode: mount.readOnly ? 'ro' : '', RW: !mount.readOnly };
  if (mount.type === 'bind') return { Source: mount.source, ...access, Propagation: mount.propagation };
  const { mountpoint = '', driver = '' } = engine.volumes.locate(mount.source ?? '') ?? {};
  return { Name: mount.source, Source: mountpoint, Driver: driver, ...access };
}

/** Of `ro` and `rw` the last one counts, as for mount(8). */
function isWritable({ options }: TmpfsRequest): boolean {
  return options.lastIndexOf('ro') <= options.lastIndexOf('rw');
}

/** What Docker's HostConfig has of mounts. */
export interface AskedMounts {
  /** In the spelling of `-v`. */
  readonly Binds: readonly string[];
  /** As the API takes them. */
  readonly Mounts: readonly object[];
  readonly Tmpfs: Readonly<Record<string, string>>;
  readonly VolumesFrom: readonly string[];
}

/** What was asked for, each where Docker has what that option has asked for. */
export function describeAskedMounts({ mounts, anonymousVolumes, volumesFrom = [] }: Container): AskedMounts {
  const isAnonymous = ({ source = '' }: VolumeRequest): boolean => anonymousVolumes.includes(source);
  const binds = mounts.flatMap((mount) =>
    mount.askedBy !== '-v' || mount.type === 'tmpfs' || (mount.type === 'volume' && isAnonymous(mount))
      ? []
      : [bindText(mount)],
  );
  const tmpfs = mounts.flatMap((mount) =>
    mount.askedBy === '--tmpfs' && mount.type === 'tmpfs' ? [[mount.target, mount.options.join()]] : [],
  );
  return {
    Binds: listOrNil(binds),
    Mounts: mounts
      .filter(({ askedBy }) => askedBy === '--mount')
      .map((mount) =>
        describeAsked(mount.type === 'volume' && isAnonymous(mount) ? { ...mount, source: '' } : mount),
      ),
    Tmpfs: Object.fromEntries(tmpfs) as Record<string, string>,
    VolumesFrom: listOrNil(volumesFrom),
  };
}

/** The places of volumes that the image asks for, or `-v` without a name. */
export function describeVolumes(
  { mounts, anonymousVolumes }: Container,
  ofImage: Readonly<Record<string, unknown>> | null | undefined,
): object {
  const own = mounts.filter(
    (mount) =>
      mount.type === 'volume' && mount.askedBy === '-v' && anonymousVolumes.includes(mount.source ?? ''),
  );
  const targets = [...Object.keys(ofImage ?? {}), ...own.map(({ target }) => target)];
  return mapOrNil(Object.fromEntries(targets.map((target) => [target, {}])));
}

function bindText(mount: BindRequest | VolumeRequest): string {
  const modes = [
    ...(mount.readOnly ? ['ro'] : []),
    ...(mount.type === 'volume' && mount.noCopy ? ['nocopy'] : []),
    ...(mount.type === 'bind' && mount.propagation !== 'rprivate' ? [mount.propagation] : []),
  ];
  return [mount.source ?? '', mount.target, ...(modes.length === 0 ? [] : [modes.join()])].join(':');
}

/** With the names of the API's Mount. */
function describeAsked(mount: MountRequest): object {
  return omitEmpty(
    {
      Type: mount.type,
      Source: mount.type === 'tmpfs' ? '' : (mount.source ?? ''),
      Target: mount.target,
      ReadOnly: mount.type === 'tmpfs' ? !isWritable(mount) : mount.readOnly,
      BindOptions: mount.type === 'bind' ? bindOptions(mount) : null,
      VolumeOptions: mount.type === 'volume' ? volumeOptions(mount) : null,
      TmpfsOptions: mount.type === 'tmpfs' ? tmpfsOptions(mount) : null,
    },
    ...(['Source', 'ReadOnly', 'BindOptions', 'VolumeOptions', 'TmpfsOptions'] as const),
  );
}

function bindOptions({ propagation, recursive }: BindRequest): object {
  return omitEmpty({ Propagation: propagation, NonRecursive: !recursive }, 'NonRecursive');
}

function volumeOptions({ noCopy, labels, subpath, driver, driverOptions }: VolumeRequest): object {
  const hasDriver = driver !== undefined || driverOptions !== undefined;
  return omitEmpty(
    {
      NoCopy: noCopy,
      Labels: labels ?? null,
      Subpath: subpath ?? '',
      DriverConfig: hasDriver ? { Name: driver ?? '', Options: driverOptions ?? null } : null,
    },
    ...(['NoCopy', 'Labels', 'Subpath', 'DriverConfig'] as const),
  );
}

function tmpfsOptions({ options }: TmpfsRequest): object {
  const valueOf = (name: string): string =>
    options.findLast((option) => option.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  return omitEmpty({ SizeBytes: Number(valueOf('size')), Mode: parseInt(valueOf('mode'), 8) }, 'SizeBytes');
}
