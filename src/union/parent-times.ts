/**
 * A copy-up is nothing that a client did: the times of the directory in which it happens stay.
 */
import { st } from '../os/host-fs.ts';
import { afterwards } from './afterwards.ts';
import type { UnionCore } from './core.ts';
import type { RealDir } from './real-dir.ts';

/**
 * Runs `change` and gives `dir` its access and modification times back, where we may: a directory of another
 * owner, or one for appending only, gets younger.
 */
export function keepTimes(core: UnionCore, dir: RealDir, change: () => void): void {
  core.fs.statx(core.at(dir), dir.name);
  const { stat } = core.fs;
  const atime = { sec: stat[st.atimeSec] ?? 0, nsec: stat[st.atimeNsec] ?? 0 };
  const mtime = { sec: stat[st.mtimeSec] ?? 0, nsec: stat[st.mtimeNsec] ?? 0 };
  change();
  afterwards(core, () => {
    core.fs.utimensat(core.at(dir), dir.name, atime, mtime);
  });
}
