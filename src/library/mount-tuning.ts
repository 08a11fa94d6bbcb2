/**
 * The options of a mount as a program writes them, and how they become the `-o` of the command line: the
 * server has one way in, and this is its typed face.
 */
import { escape } from '../os/option-list.ts';

/** Each as the mount option of the same name (docs/options.md); left out, it has that option's default. */
export interface MountTuning {
  readonly metacopy?: boolean;
  readonly redirectDir?: 'on' | 'off' | 'follow' | 'nofollow';
  readonly index?: boolean;
  readonly xino?: 'on' | 'off' | 'auto';
  readonly userxattr?: boolean;
  readonly volatile?: boolean;
  readonly fsync?: boolean;
  readonly coherence?: 'strict' | 'relaxed';
  readonly whiteout?: 'auto' | 'overlay' | 'aufs';
  readonly passthrough?: 'on' | 'off' | 'auto';
  readonly lowLatency?: 'on' | 'off' | 'auto';
  /** For layers that others change: how long the kernel keeps names and attributes. */
  readonly timeoutSec?: number;
  readonly readOnly?: boolean;
  readonly allowOther?: boolean;
  /** What /proc/mounts shows as the device. */
  readonly fsname?: string;
  /** More options as mount(8) knows them: `nodev`, `noatime`. */
  readonly flags?: readonly string[];
}

export interface MountLayers {
  /** Directories from the top to the bottom, at least one; relative ones are below the working directory. */
  readonly lower: readonly string[];
  /** Data-only lower layers, from the top to the bottom. */
  readonly dataOnly?: readonly string[];
  /** Where changes go; without it the mount is read-only. */
  readonly upper?: string;
  /** An empty directory on the file system of `upper`; given together with it. */
  readonly work?: string;
}

/** The value of one `-o`. */
export function optionArgument(layers: MountLayers, tuning: MountTuning): string {
  const data = (layers.dataOnly ?? []).map((path) => `::${escape(path)}`).join('');
  const options: Record<string, string | undefined> = {
    lowerdir: layers.lower.map(escape).join(':') + data,
    upperdir: layers.upper === undefined ? undefined : escape(layers.upper),
    workdir: layers.work === undefined ? undefined : escape(layers.work),
    metacopy: onOff(tuning.metacopy),
    redirect_dir: tuning.redirectDir,
    index: onOff(tuning.index),
    xino: tuning.xino,
    fsync: onOff(tuning.fsync),
    coherence: tuning.coherence,
    whiteout: tuning.whiteout,
    passthrough: tuning.passthrough,
    low_latency: tuning.lowLatency,
    timeout: tuning.timeoutSec === undefined ? undefined : String(tuning.timeoutSec),
    fsname: tuning.fsname === undefined ? undefined : escape(tuning.fsname),
  };
  const alone = {
    userxattr: tuning.userxattr,
    volatile: tuning.volatile,
    ro: tuning.readOnly,
    allow_other: tuning.allowOther,
  };
  return [
    ...Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])),
    ...Object.entries(alone).flatMap(([name, value]) => (value === true ? [name] : [])),
    ...(tuning.flags ?? []),
  ].join(',');
}

function onOff(value: boolean | undefined): string | undefined {
  return value === undefined ? undefined : value ? 'on' : 'off';
}
