/**
 * The flags of a real object (ioctl_iflags(2)). A local file system lets what was written before a file became immutable
 * reach the disk. The kernel of a mount may have such data still, and hand it down when the file below takes no more.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { FS_APPEND_FL, FS_IMMUTABLE_FL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../os/constants.ts';
import type { UnionCore } from './core.ts';
import type { Node } from './node.ts';

/** Opens the real object of `node` to ask for its flags, or to set them. */
export function withDescriptor<T>(core: UnionCore, node: Node, use: (fd: Fd) => T): T {
  const { place } = node;
  const fd =
    place.dir === undefined
      ? core.fs.reopen(place.fd, O_RDONLY | O_NONBLOCK)
      : core.fs.openat(core.at(place), place.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  try {
    return use(fd);
  } finally {
    core.fs.close(fd);
  }
}

/**
 * Does `act`, which the flags of `node` do not forbid to whoever asks, though those of its upper object stand in the way: somebody had leave
 * before they came, or it is a step of ours, as a copy-up into a directory. If it fails by them, once more without them. Nobody else's
 * request comes in between.
 */
export function withoutSeal<T>(core: UnionCore, node: Node, act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    if (node.sealed === 0 || node.upper === undefined || !isFsError(thrown, 'EPERM')) throw thrown;
    return lifted(core, node, act);
  }
}

function lifted<T>(core: UnionCore, node: Node, act: () => T): T {
  return withDescriptor(core, node, (fd) => {
    const flags = core.fs.getFlags(fd);
    core.fs.setFlags(fd, flags & ~(FS_IMMUTABLE_FL | FS_APPEND_FL));
    try {
      if (node.appends) core.data.drop(node);
      return act();
    } finally {
      core.fs.setFlags(fd, flags);
    }
  });
}
