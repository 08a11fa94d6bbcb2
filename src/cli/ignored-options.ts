/**
 * Options that are known and do nothing: they tune another implementation, ask for what is so anyway, or are
 * meant for mount(8). Where a user would miss what an option does elsewhere, it does not belong here.
 */

/** Of fuse-overlayfs: how it serves, and how it finds inode numbers. */
const ofFuseOverlayfs = ['threaded', 'fast_ino', 'fast_ino_check', 'override_creds', 'nooverride_creds'];

/** Of libfuse, versions 2 and 3. */
const ofLibfuse = [
  ...['default_permissions', 'nonempty', 'clone_fd', 'max_idle_threads', 'max_threads', 'kernel_cache'],
  ...['auto_cache', 'splice_read', 'splice_write', 'splice_move', 'no_splice_read', 'no_splice_write'],
  ...['no_splice_move', 'big_writes', 'async_read', 'sync_read', 'atomic_o_trunc', 'max_readahead'],
  ...['max_background', 'congestion_threshold', 'no_writeback', 'use_ino', 'readdir_ino', 'hard_remove'],
];

/** Of mount(8) and fstab(5). */
const ofMount = [
  ...['defaults', 'auto', 'noauto', 'user', 'nouser', 'users', 'owner', 'group', 'nofail', '_netdev'],
  ...['_rnetdev', 'comment', 'mand', 'nomand', 'silent', 'loud', 'iversion', 'noiversion', 'seclabel'],
  // Who unmounts, and who mounts.
  ...['uhelper', 'helper'],
];

const ignored: ReadonlySet<string> = new Set([...ofFuseOverlayfs, ...ofLibfuse, ...ofMount]);

export function isIgnored(name: string): boolean {
  return ignored.has(name) || name.startsWith('x-') || name.startsWith('X-');
}
