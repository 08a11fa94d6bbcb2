/** What a container shows at `/`, whatever its processes have made of theirs. */
import { statSync } from 'node:fs';

/**
 * A path, ending with a slash, by which this process sees the root of the mount namespace that process `pid` is in. What
 * /proc/PID/root leads to may be a directory below it, after a chroot(2) (proc_pid_root(5)); above the root there is nothing.
 */
export function namespaceRoot(pid: number): string {
  for (let path = `/proc/${String(pid)}/root/`; ; path = `${path}../`) {
    const [here, above] = [statSync(path, { bigint: true }), statSync(`${path}../`, { bigint: true })];
    if (here.ino === above.ino && here.dev === above.dev) return path;
  }
}
