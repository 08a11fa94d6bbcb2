/**
 * How a metacopy file gets its data, and stops to be one: by copying it, or because it was emptied. The data below
 * is what counts until the mark is removed, which is the last step.
 */
import { FsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { capabilityName } from '../layer/saved-state.ts';
import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, O_NOFOLLOW, O_RDWR } from '../os/constants.ts';
import { st } from '../os/host-fs.ts';
import type { Later } from '../vfs/file-system.ts';
import { isCopiedAtOnce, whileBusy } from './busy.ts';
import type { UnionCore } from './core.ts';
import type { HeldState, Node } from './node.ts';
import { noFd, type Place } from './real-dir.ts';

/**
 * The data of a metacopy file, into its upper file; that has its own data once the attribute is gone.
 * In place, so that other links and open files stay on it. Writing takes the file's capabilities and
 * changes its times: both are put back, whether it succeeds or not, and meanwhile the file shows what it had. Only
 * a crash leaves a younger file without capabilities, whose data is below as before (the kernel's overlayfs, too).
 */
export function completeData(core: UnionCore, node: Node, unique: number): Later<void> {
  const upper = node.upper as Place;
  core.fs.statx(core.at(upper), upper.name);
  const { stat } = core.fs;
  const size = stat[st.size] ?? 0;
  const atime = { sec: stat[st.atimeSec] ?? 0, nsec: stat[st.atimeNsec] ?? 0 };
  const mtime = { sec: stat[st.mtimeSec] ?? 0, nsec: stat[st.mtimeNsec] ?? 0 };
  const capability = core.fs.findXattr(core.at(upper), upper.name, capabilityName);
  const from = core.data.forReading(node);
  const to =
    upper.fd === noFd
      ? core.fs.openat(core.at(upper), upper.name, O_RDWR | O_NOFOLLOW, 0)
      : core.fs.reopen(upper.fd, O_RDWR);
  core.data.pin(node);
  const held = { atime, mtime, capability };
  node.held = held;
  let isOpen = true;
  const settle = (): void => {
    isOpen = false;
    core.fs.closeWritten(to);
    putBack(core, { upper, held });
    dropMetacopy(core, node);
  };
  const giveUp = (thrown: unknown): never => {
    // Once it is closed the data is whole, and may be all that there is.
    if (isOpen) emptyAgain(core, to, size);
    try {
      putBack(core, { upper, held });
    } catch (another) {
      if (!(another instanceof FsError)) throw another;
      core.log.warn(`the times of ${upper.path()} changed by a copy-up: ${another.message}`);
    }
    throw thrown;
  };
  const close = (): void => {
    node.held = undefined;
    core.data.unpin(node);
    if (isOpen) core.fs.close(to);
  };
  if (isCopiedAtOnce(core, size)) {
    try {
      core.counters.noteCopied(core.fs.copyDataSync(from, to, size));
      settle();
    } catch (thrown) {
      giveUp(thrown);
    } finally {
      close();
    }
    return undefined;
  }
  return whileBusy(core, node, async () => {
    try {
      const { sync } = core.features;
      await core.interrupts.during(unique, async (cancel) => {
        core.counters.noteCopied(await core.fs.copyData(from, to, size, { sync, cancel }));
      });
      settle();
    } catch (thrown) {
      giveUp(thrown);
    } finally {
      close();
    }
  });
}

/** Never by its size: an empty file with the mark would count as one that has all its data. */
function emptyAgain(core: UnionCore, to: Fd, size: number): void {
  try {
    core.fs.fallocate(to, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, size);
  } catch (thrown) {
    // The space stays taken until the data is copied, or the file removed.
    if (!(thrown instanceof FsError)) throw thrown;
  }
}

function putBack(core: UnionCore, { upper, held }: { upper: Place; held: HeldState }): void {
  const at = core.at(upper);
  const { capability, atime, mtime } = held;
  if (capability !== undefined) core.fs.setXattr(at, upper.name, capabilityName, capability, 0);
  core.fs.utimensat(at, upper.name, atime, mtime);
}

/** The upper file has its own data from now on. */
export function dropMetacopy(core: UnionCore, node: Node): void {
  const { upper } = node;
  if (upper !== undefined && node.isMetacopy) dropMarks(core, node, upper);
}

/** The attributes of a metacopy file. Its data is where `upper` is once the first of them is gone. */
export function dropMarks(core: UnionCore, node: Node, upper: Place): void {
  const mayBeRedirected = node.redirect !== undefined || node.hasStaleMark;
  core.fs.findRemoveXattr(core.at(upper), upper.name, core.names.metacopy);
  node.hasStaleMark = false;
  node.data = undefined;
  core.data.moved(node);
  if (mayBeRedirected) core.fs.findRemoveXattr(core.at(upper), upper.name, core.names.redirect);
  node.redirect = undefined;
}
