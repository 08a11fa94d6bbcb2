/** Whether a thread is going to end, as /proc tells. */
import { readFileSync } from 'node:fs';

const sigkill = setOf([9]);
/** SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS: by default they leave a core dump (signal(7)). */
const dumping = setOf([3, 4, 5, 6, 7, 8, 11, 24, 25, 31]);

/**
 * Whether the thread `tid` has a fatal signal pending: SIGKILL, which the kernel makes of every signal that ends a process
 * without a core dump (kernel/signal.c, complete_signal), or one with, which is neither blocked, ignored nor handled. False where
 * /proc does not tell.
 */
export function isDying(tid: number): boolean {
  try {
    const status = readFileSync(`/proc/${String(tid)}/status`, 'latin1');
    const set = (name: string): bigint =>
      BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
    const pending = set('SigPnd') | set('ShdPnd');
    if (pending === 0n) return false;
    // A debugger may take one away.
    const isTraced = !/^TracerPid:\s*0$/m.test(status);
    const held = isTraced ? ~0n : set('SigBlk') | set('SigIgn') | set('SigCgt');
    return (pending & (sigkill | (dumping & ~held))) !== 0n;
  } catch {
    return false;
  }
}

/** As the kernel has sets of signals: the first is bit 0. */
function setOf(signals: readonly number[]): bigint {
  return signals.reduce((set, signal) => set | (1n << BigInt(signal - 1)), 0n);
}
