/**
 * The defaults of the options that belong to the format of the layers, and which of them exclude each
 * other: the rules of the kernel's overlayfs (fs/overlayfs/params.c, `ovl_fs_params_verify`), so that what
 * mounts here mounts there, but with everything on where the kernel can read it.
 */
import { UserError } from '../base/user-error.ts';
import type { Automatic, FormatOptions, LayerPaths } from './mount-spec.ts';

export interface ResolvedFormat {
  readonly userxattr: boolean;
  readonly metacopy: boolean;
  readonly redirectDir: 'on' | 'follow' | 'nofollow';
  readonly index: boolean;
  readonly xino: Automatic;
  readonly volatile: boolean;
  readonly fsync: boolean;
  readonly coherence: 'strict' | 'relaxed';
  readonly whiteout: 'auto' | 'overlay' | 'aufs';
  readonly staticNlink: boolean;
  readonly shortInodes: boolean;
  readonly acl: boolean;
  readonly xattrs: boolean;
}

/**
 * `privileged`: this process may set `trusted.*` attributes. UserError `conflicting-options` where two
 * options that were given exclude each other.
 */
export function resolveFormat(
  given: FormatOptions,
  layers: Pick<LayerPaths, 'dataOnly' | 'upper'>,
  privileged: boolean,
): ResolvedFormat {
  const userxattr = given.userxattr ?? !privileged;
  const writable = layers.upper !== undefined;
  const { metacopy, redirectDir } = userxattr ? unprivileged(given) : trusted(given, writable);
  if (layers.dataOnly.length > 0 && !metacopy) {
    throw conflict(
      'data-only layers',
      'metacopy=off',
      'they hold the data of metacopy files: say metacopy=on',
    );
  }
  return {
    userxattr,
    metacopy,
    redirectDir,
    index: writable && (given.index ?? !userxattr),
    xino: given.xino ?? 'auto',
    volatile: writable && given.volatile,
    fsync: given.fsync && !given.volatile,
    coherence: given.coherence,
    whiteout: given.whiteout,
    staticNlink: given.staticNlink,
    shortInodes: given.shortInodes,
    // They are extended attributes.
    acl: given.acl && given.xattrs,
    xattrs: given.xattrs,
  };
}

type Redirecting = Pick<ResolvedFormat, 'metacopy' | 'redirectDir'>;

/** Anybody can set `user.*` attributes: nothing in them may lead elsewhere. */
function unprivileged(given: FormatOptions): Redirecting {
  const hint = 'the kernel allows it with trusted.overlay attributes only, as root';
  if (given.metacopy === true) throw conflict('metacopy=on', 'user.overlay attributes', hint);
  if (given.redirectDir === 'on' || given.redirectDir === 'follow') {
    throw conflict(`redirect_dir=${given.redirectDir}`, 'user.overlay attributes', hint);
  }
  return { metacopy: false, redirectDir: 'nofollow' };
}

/** A metacopy file is renamed with a redirect: one needs the other. */
function trusted(given: FormatOptions, writable: boolean): Redirecting {
  // `off` makes no redirects; the kernel follows those that are there (CONFIG_OVERLAY_FS_REDIRECT_ALWAYS_FOLLOW).
  const redirectDir = given.redirectDir === 'off' ? 'follow' : (given.redirectDir ?? 'on');
  const sufficient = redirectDir === 'on' || (redirectDir === 'follow' && !writable);
  if (given.metacopy === true && !sufficient) {
    throw conflict('metacopy=on', `redirect_dir=${String(given.redirectDir)}`, 'say redirect_dir=on');
  }
  return { metacopy: (given.metacopy ?? true) && sufficient, redirectDir };
}

function conflict(one: string, other: string, hint: string): UserError {
  return new UserError('conflicting-options', `${one} and ${other} exclude each other`, { hint });
}
