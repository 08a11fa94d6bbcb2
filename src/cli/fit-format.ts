/**
 * What is on unless it is told otherwise needs `trusted.*` attributes in the upper, and some file systems have none (ramfs, NFS,
 * sshfs). There it is off, as under the kernel's overlayfs (fs/overlayfs/super.c, `ovl_make_workdir`), which tries one in the work
 * directory, too.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Log } from '../base/log.ts';
import { nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { overlayNames } from '../layer/xattr-names.ts';
import { AT_FDCWD } from '../os/constants.ts';
import { RealFs } from '../os/real-fs.ts';
import type { Fd } from '../base/ids.ts';
import type { FormatOptions, LayerPaths } from './mount-spec.ts';
import { resolveFormat, type ResolvedFormat } from './resolve-format.ts';

export interface FitOptions {
  readonly given: FormatOptions;
  readonly layers: LayerPaths;
  readonly privileged: boolean;
  readonly log: Log;
}

/**
 * `format`, or what is left of it; the work directory is locked. UserError `no-attributes` where something that was asked
 * for is missing.
 */
export function fitFormat(format: ResolvedFormat, options: FitOptions): ResolvedFormat {
  const { given, layers, privileged, log } = options;
  const { upper, work } = layers;
  const needsAny = !format.userxattr && (format.metacopy || format.redirectDir === 'on' || format.index);
  if (upper === undefined || work === undefined || !needsAny || takesAttributes(work)) return format;
  const problem = `the file system of ${nameToText(upper)} takes no trusted.* attributes`;
  if (
    given.metacopy === true ||
    given.redirectDir === 'on' ||
    given.index === true ||
    layers.dataOnly.length > 0
  ) {
    throw new UserError('no-attributes', `${problem}, which metacopy=on, redirect_dir=on and index=on need`, {
      hint: 'leave them out, or put upperdir and workdir on another file system',
    });
  }
  log.warn(
    `${problem}: falling back to metacopy=off,redirect_dir=off,index=off, and a directory that is removed cannot be made again`,
  );
  return resolveFormat({ ...given, metacopy: false, redirectDir: 'off', index: false }, layers, privileged);
}

function takesAttributes(work: Name): boolean {
  const fs = new RealFs();
  const here = AT_FDCWD as Fd;
  const { opaque } = overlayNames(false);
  try {
    // It means nothing (the kernel's overlayfs writes the same), should it be left behind.
    fs.setXattr(here, work, opaque, Buffer.from('0'), 0);
    fs.findRemoveXattr(here, work, opaque);
    return true;
  } catch (thrown) {
    if (isFsError(thrown, 'EOPNOTSUPP')) return false;
    // virtiofs, say, whose server is a user's.
    if (isFsError(thrown, 'EPERM') || isFsError(thrown, 'EACCES')) throw refusesAttributes(work, thrown);
    throw thrown;
  }
}

function refusesAttributes(work: Name, cause: unknown): UserError {
  const problem = `the file system of ${nameToText(work)} refuses trusted.* attributes`;
  return new UserError('no-attributes', problem, {
    hint: 'put upperdir and workdir on another file system, or mount with -o userxattr',
    cause,
  });
}
