/**
 * The system calls by which an engine reaches its layers: the plain ones, unless a layer keeps owners and modes in
 * attributes, as its root says, or the upper shall. An upper that is begun in this way gets the mark that makes it
 * known as such ever after.
 */
import { FsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import {
  findOverrideFormat,
  formatOverride,
  overrideFormatOf,
  type OverrideFormat,
} from '../layer/override-stat.ts';
import { hasCapSysAdminInFirstNamespace } from '../os/capability.ts';
import { AT_FDCWD, S_IFDIR } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import { RealFs } from '../os/real-fs.ts';
import { OverrideFs } from '../union/override-fs.ts';
import type { LayerPaths } from './mount-spec.ts';

export interface LayerSystem {
  readonly fs: HostFs;
  /** Is told the root of each layer before anything in it is looked at; undefined: nobody wants to know. */
  readonly onLayer: ((root: Fd, path: Name) => void) | undefined;
  /** See `UnionFeatures`. */
  readonly ownersApart: boolean;
}

const here = AT_FDCWD as Fd;

/** `permissions`: see `IdentityOptions`. UserError `no-override` where the upper cannot be marked. */
export function openLayerSystem(layers: LayerPaths, permissions: 0 | 1 | 2): LayerSystem {
  const real = new RealFs();
  const formats = new Map<Name, OverrideFormat>();
  const find = (path: Name): OverrideFormat | undefined => findOverrideFormat(real, here, path);
  for (const path of [...layers.lower, ...layers.dataOnly]) {
    const format = find(path);
    if (format !== undefined) formats.set(path, format);
  }
  let upperFormat: OverrideFormat | undefined;
  const { upper, work } = layers;
  if (upper !== undefined && work !== undefined) {
    const wanted = overrideFormatOf(permissions);
    const root = [...formats].map(([path, { attribute }]) => real.findXattr(here, path, attribute))[0];
    upperFormat = find(upper) ?? (wanted && markUpper(real, upper, wanted, root));
    if (upperFormat !== undefined) formats.set(upper, upperFormat).set(work, upperFormat);
  }
  if (formats.size === 0) return { fs: real, onLayer: undefined, ownersApart: false };
  const ownersApart = upperFormat !== undefined;
  const fs = new OverrideFs({
    formats,
    writes: ownersApart,
    believesDevices: permissions === 2 || !hasCapSysAdminInFirstNamespace(),
  });
  const onLayer = (root: Fd, path: Name): void => {
    fs.enterLayer(root, path);
  };
  return { fs, onLayer, ownersApart };
}

/** The root of the tree becomes what that of the uppermost layer that is kept so is said to be, or stays as it is. */
function markUpper(
  fs: HostFs,
  upper: Name,
  format: OverrideFormat,
  said: Buffer | undefined,
): OverrideFormat {
  const { attribute } = format;
  fs.statx(here, upper);
  const [uid, gid, mode] = [st.uid, st.gid, st.mode].map((field) => fs.stat[field] ?? 0) as [
    number,
    number,
    number,
  ];
  const own = formatOverride({ uid, gid, mode: mode & 0o7777, type: S_IFDIR, rdev: 0 });
  try {
    fs.setXattr(here, upper, attribute, said ?? own, 0);
  } catch (cause) {
    if (!(cause instanceof FsError)) throw cause;
    const which = format.forAnyone ? 'xattr_permissions=2' : 'xattr_permissions=1';
    throw new UserError(
      'no-override',
      `${which}: the upper directory takes no ${attribute} (${cause.code})`,
      {
        hint: format.forAnyone
          ? 'it needs a file system with user attributes'
          : 'only root of the machine may: say xattr_permissions=2',
        cause,
      },
    );
  }
  return format;
}
