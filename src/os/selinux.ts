/**
 * Whether files have labels of SELinux here. Without it the kernel knows no option about them, and mount(8) leaves
 * them out as well.
 */
import { existsSync } from 'node:fs';

export function hasSelinux(): boolean {
  return existsSync('/sys/fs/selinux/enforce');
}
