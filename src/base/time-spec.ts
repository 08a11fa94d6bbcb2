/**
 * A time to set, as in utimensat(2): seconds, and nanoseconds that may say "now" or "leave it".
 */
export interface TimeSpec {
  readonly sec: number;
  readonly nsec: number;
}
/** UTIME_NOW */
export const utimeNow: TimeSpec = { sec: 0, nsec: 0x3fffffff };
/** UTIME_OMIT */
export const utimeOmit: TimeSpec = { sec: 0, nsec: 0x3ffffffe };
