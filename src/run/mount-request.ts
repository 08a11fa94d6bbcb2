/**
 * What a person asked to have mounted in a container, by `-v`, `--mount` or `--tmpfs`, as one value. The
 * three parsers make it; nothing here looks at the machine, so that a request can be kept and read again.
 */
import { posix } from 'node:path';
import { UserError } from '../base/user-error.ts';

/** Where mounts made later on one side of a bind mount show on the other (mount_namespaces(7)). */
export const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'] as const;
export type Propagation = (typeof propagations)[number];

interface Asked {
  /** The option that asked for it; none where an image did, or another container has it. */
  readonly askedBy?: '-v' | '--mount' | '--tmpfs' | undefined;
}

export interface BindRequest extends Asked {
  readonly type: 'bind';
  /** Absolute, on the host. */
  readonly source: string;
  /** Absolute and clean, in the container; never `/`. */
  readonly target: string;
  readonly readOnly: boolean;
  readonly propagation: Propagation;
  /** A source that is missing is made as a directory (`-v`), rather than an error (`--mount`). */
  readonly createSource: boolean;
  /** What is mounted below the source comes with it. */
  readonly recursive: boolean;
  /** What that is of a mount that is read-only; undefined: read-only where kernel and runtime can. */
  readonly below?: 'writable' | 'readonly';
}

export interface VolumeRequest extends Asked {
  readonly type: 'volume';
  /** Undefined: a new volume with a name of its own. */
  readonly source: string | undefined;
  readonly target: string;
  readonly readOnly: boolean;
  /** An empty volume is not filled from the image. */
  readonly noCopy: boolean;
  /** A directory in the volume, relative. */
  readonly subpath?: string;
  /** For a volume that has yet to be made. */
  readonly driver?: string;
  readonly driverOptions?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface TmpfsRequest extends Asked {
  readonly type: 'tmpfs';
  readonly target: string;
  /** Of the mount, and of the file system: `nosuid`, `size=64m`. */
  readonly options: readonly string[];
}

export type MountRequest = BindRequest | VolumeRequest | TmpfsRequest;

/** The place in the container, clean. UserError `bad-mount` where it is none. */
export function mountTarget(target: string): string {
  if (!target.startsWith('/'))
    throw new UserError('bad-mount', `invalid mount path: '${target}' mount path must be absolute`);
  const clean = posix.normalize(target).replace(/(?<=.)\/+$/, '');
  if (clean === '/')
    throw new UserError('bad-mount', "invalid specification: destination can't be '/'", {
      hint: 'name a directory in the container',
    });
  return clean;
}

/**
 * In the order in which they are mounted: what lies in another comes after it. UserError
 * `duplicate-mount` where two have one target.
 */
export function orderMounts<M extends { readonly target: string }>(mounts: readonly M[]): M[] {
  const seen = new Set<string>();
  for (const { target } of mounts) {
    if (seen.has(target))
      throw new UserError('duplicate-mount', `Duplicate mount point: ${target}`, {
        hint: 'each place in the container takes one mount',
      });
    seen.add(target);
  }
  const depth = (path: string): number => path.split('/').length;
  return mounts.toSorted((a, b) => depth(a.target) - depth(b.target));
}
