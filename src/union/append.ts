/**
 * Writing to a file that can only be appended to (chattr +a). What the kernel keeps back it writes out page by
 * page, from the beginning of a page: what the file has already is left out.
 */
import { fsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName } from '../base/name.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import type { WrittenData } from '../vfs/file-system.ts';

/**
 * `fd` has O_APPEND. At once, however much it is: two writes must not change their order. The times of such a file
 * cannot be set, so they are those of the write. EPERM beyond the end.
 */
export function append(fs: HostFs, fd: Fd, data: WrittenData): number {
  fs.statx(fd, asName(''));
  const present = (fs.stat[st.size] ?? 0) - data.position;
  if (present < 0) throw fsError('EPERM');
  if (present >= data.length) return data.length;
  const { buffer, offset, length, position } = data;
  return present + fs.pwrite(fd, buffer, offset + present, length - present, position + present);
}
