/**
 * The one error of file system operations. It has the shape of Node's own system errors, and it is
 * cheap: no stack is captured, since it is an answer (ENOENT, EEXIST), not a fault of ours.
 */
import { errno, errnoCode, type ErrnoCode } from './errno.ts';

export interface FsErrorDetail {
  /** The system call that failed, as in its man page: `openat`. */
  readonly syscall?: string;
  /** What it was applied to, for people. */
  readonly path?: string;
}

export class FsError extends Error {
  override readonly name = 'FsError';
  /** Positive error number. */
  readonly errno: number;
  /** Its name: `ENOENT`. */
  readonly code: string;
  readonly syscall: string | undefined;
  readonly path: string | undefined;

  constructor(number: number, detail?: FsErrorDetail) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    const code = errnoCode(number);
    super(
      detail?.syscall === undefined
        ? code
        : `${code}: ${detail.syscall}${detail.path === undefined ? '' : ` '${detail.path}'`}`,
    );
    Error.stackTraceLimit = limit;
    this.errno = number;
    this.code = code;
    this.syscall = detail?.syscall;
    this.path = detail?.path;
  }
}

/** An error by name: `throw fsError('EROFS')`. */
export function fsError(code: ErrnoCode, detail?: FsErrorDetail): FsError {
  return new FsError(errno[code], detail);
}

/** Whether `thrown` is an `FsError` with this code. */
export function isFsError(thrown: unknown, code: ErrnoCode): thrown is FsError {
  return thrown instanceof FsError && thrown.errno === errno[code];
}
