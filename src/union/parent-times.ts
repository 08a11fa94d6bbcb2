/**
 * A copy-up is nothing that a client did: the times of the directory in which it happens stay.
 */
import { FsError } from '../base/fs-error.ts';
import { st } from '../os/host-fs.ts';
import type { UnionCore } from './core.ts';
import type { RealDir } from './real-dir.ts';

/**
 * Runs `change` and gives `dir` its access and modification times back. That they could not be set is no failure:
 * the change was made.
 */
export function keepTimes(core: UnionCore, dir: RealDir, change: () => void): void {
  core.fs.statx(core.at(dir), dir.name);
  const { stat } = core.fs;
  const atime = { sec: stat[st.atimeSec] ?? 0, nsec: stat[st.atimeNsec] ?? 0 };
  const mtime = { sec: stat[st.mtimeSec] ?? 0, nsec: stat[st.mtimeNsec] ?? 0 };
  change();
  try {
    core.fs.utimensat(core.at(dir), dir.name, atime, mtime);
  } catch (thrown) {
    if (!(thrown instanceof FsError)) throw thrown;
    core.log.warn(`the times of ${dir.path()} changed by a copy-up: ${thrown.message}`);
  }
}
