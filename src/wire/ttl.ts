/**
 * For how long the kernel may believe what it was told. One object per policy, made once and used for
 * every reply.
 */
export interface Ttl {
  readonly sec: number;
  /** Below 10^9. */
  readonly nsec: number;
}

/** Not at all: ask again each time. */
export const noTtl: Ttl = { sec: 0, nsec: 0 };

/** The one that ends first. */
export function shorterTtl(one: Ttl, other: Ttl): Ttl {
  const isFirst = one.sec < other.sec || (one.sec === other.sec && one.nsec <= other.nsec);
  return isFirst ? one : other;
}

/** A whole or broken number of milliseconds, not negative. */
export function ttlFromMs(ms: number): Ttl {
  const sec = Math.floor(ms / 1000);
  return { sec, nsec: Math.floor((ms - sec * 1000) * 1e6) };
}
