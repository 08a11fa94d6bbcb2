/**
 * The error numbers of Linux (include/uapi/asm-generic/errno-base.h and errno.h), the one place
 * where a name meets its number. An `Errno` is always positive: the minus sign of the kernel ABI
 * exists in the room `wire` alone.
 */

export const errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EMLINK: 31,
  EPIPE: 32,
  ERANGE: 34,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOLCK: 37,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  EPROTO: 71,
  EOVERFLOW: 75,
  EILSEQ: 84,
  EOPNOTSUPP: 95,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ESTALE: 116,
  EDQUOT: 122,
  ECANCELED: 125,
} as const satisfies Record<string, number>;

/** The symbolic name of an error number, as in `errno(3)`. */
export type ErrnoCode = keyof typeof errno;

const names = new Map<number, ErrnoCode>(
  (Object.entries(errno) as [ErrnoCode, number][]).map(([name, number]) => [number, name]),
);

/** The name of `number`, or `E<number>` for one that is not in the table. */
export function errnoCode(number: number): string {
  return names.get(number) ?? `E${String(number)}`;
}
