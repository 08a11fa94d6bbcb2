/**
 * Which mounts must have a process of their own. A request of such a mount may have to wait for another server, of
 * FUSE or of the network, and everything else in the process with it; where that server is the process itself, for
 * ever. So neither the layers nor the way to the mount point may lie, at any depth, on what a server serves.
 *
 * It is found out from the text of mountinfo and from /sys, without touching any of these places.
 */
import { asName, type Name } from '../../base/name.ts';
import { backingFiles, findBlockDevice } from '../../os/block-backing.ts';
import { readMounts, unescapeField, type MountEntry } from '../../os/mountinfo.ts';
import { splitLowerPaths, unescape } from '../../os/option-list.ts';

/** What is mounted, and the files that a mount is made of if it is one of a block device. */
export interface Stack {
  readonly mounts: readonly MountEntry[];
  filesBehind(entry: MountEntry): readonly Name[];
}

/** Types of file systems whose answers come from another process or another machine. */
const served = /^(?:fuse(?:\..*|blk|ctl)?|nfs4?|cifs|smb3|ceph|afs|coda|9p|lustre|ncpfs|proc)$/;

export function readStack(): Stack {
  return {
    mounts: readMounts(),
    filesBehind: ({ device, source }) =>
      backingFiles((source.startsWith('/dev/') ? findBlockDevice(source) : undefined) ?? device),
  };
}

/** Whether one of `paths`, which are without symbolic links and dots, depends on a server. */
export function mustBeAlone(paths: readonly Name[], stack: Stack): boolean {
  const seen = new Set<number>();
  const waiting = [...paths];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    // Also those that are mounted over: which of them a path crosses the order of the text does not tell.
    for (const entry of stack.mounts) {
      if (seen.has(entry.id) || !isBelow(path, entry.mountPoint)) continue;
      seen.add(entry.id);
      const further = partsOf(entry, stack);
      if (further === undefined) return true;
      waiting.push(...further);
    }
  }
  return false;
}

/** Whether `path` is `directory` or lies in it. */
export function isBelow(path: Name, directory: Name): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/** What the mount itself lies on; undefined where that is a server, or cannot be told. */
function partsOf(entry: MountEntry, stack: Stack): readonly Name[] | undefined {
  if (served.test(entry.type)) return undefined;
  if (entry.type !== 'overlay') return stack.filesBehind(entry);
  const layers = entry.superOptions.map(unescapeField).flatMap(layersIn);
  return layers.every((path) => path.startsWith('/')) ? layers : undefined;
}

/** The paths in one option of the kernel's overlayfs. */
function layersIn(option: string): readonly Name[] {
  const [, name, value = ''] = /^(\w+\+?)=(.*)$/s.exec(option) ?? [];
  switch (name) {
    case 'lowerdir': {
      const paths = splitLowerPaths(value);
      return paths === undefined ? [asName('?')] : [...paths.lower, ...paths.dataOnly];
    }
    case 'lowerdir+':
    case 'datadir+':
    case 'upperdir':
    case 'workdir':
      return [unescape(value)];
    default:
      return [];
  }
}
