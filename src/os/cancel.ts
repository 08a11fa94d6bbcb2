/**
 * A way to end a long job of the pool: one word of shared memory that the addon looks at between chunks.
 */
import type { Cancel } from './host-fs.ts';

export function createCancel(): Cancel {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  return {
    flag,
    get cancelled() {
      return Atomics.load(flag, 0) !== 0;
    },
    cancel: () => {
      Atomics.store(flag, 0, 1);
    },
  };
}
