/**
 * The system calls that Node lacks, for the store: relative to descriptors, with names as bytes.
 */
import type { Fd } from '../base/ids.ts';
import { nameFromText } from '../base/name.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';
import { RealFs } from '../os/real-fs.ts';

/** For a tool, which leaves the umask of the process as it is. */
export function createToolFs(): HostFs {
  return new RealFs({ keepsUmask: true });
}

/** Runs `act` with directories open for reading, in their order. FsError where one cannot be opened. */
export async function withDirectories<T>(
  fs: HostFs,
  paths: readonly string[],
  act: (fds: readonly Fd[]) => Promise<T> | T,
): Promise<T> {
  const opened: Fd[] = [];
  try {
    for (const path of paths) {
      opened.push(fs.openat(AT_FDCWD as Fd, nameFromText(path), O_RDONLY | O_DIRECTORY, 0));
    }
    return await act(opened);
  } finally {
    for (const fd of opened) fs.close(fd);
  }
}
