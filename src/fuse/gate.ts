/**
 * The one gate through which errors leave: whatever an operation threw becomes an errno. What is no
 * `FsError` is a fault of ours: EIO for the client, the stack for the operator, and the mount lives on.
 */
import { errno } from '../base/errno.ts';
import { FsError } from '../base/fs-error.ts';
import type { Log } from '../base/log.ts';

/** A positive errno. `operation` names the request in the log. */
export function errnoOf(thrown: unknown, log: Log, operation: string): number {
  if (!(thrown instanceof FsError)) {
    log.fault(`fault in ${operation}, answered with EIO`, thrown);
    return errno.EIO;
  }
  // The kernel takes ENOSYS for "never ask this again", for the whole mount: a layer cannot say that.
  return thrown.errno === errno.ENOSYS ? errno.EOPNOTSUPP : thrown.errno;
}
