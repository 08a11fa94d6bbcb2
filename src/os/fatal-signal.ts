/** Whether a thread is going to end, as /proc tells. */
import { readFileSync } from 'node:fs';

const sigkill = 9n;

/**
 * Whether the thread `tid` has a fatal signal pending: SIGKILL, which the kernel makes of every signal that
 * ends a process without a core dump (kernel/signal.c, complete_signal). False where /proc does not tell.
 */
export function isDying(tid: number): boolean {
  try {
    const status = readFileSync(`/proc/${String(tid)}/status`, 'latin1');
    const pending = [...status.matchAll(/^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$/gm)];
    return pending.some(([, set]) => ((BigInt(`0x${set ?? '0'}`) >> (sigkill - 1n)) & 1n) === 1n);
  } catch {
    return false;
  }
}
