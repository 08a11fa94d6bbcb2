/** Waiting for a moment, however far away: Node's timers go off at once when they are to wait for more than they take. */
import { setTimeout as sleep } from 'node:timers/promises';

/** What a timer takes. */
const longestMs = 2 ** 31 - 1;

/** `moment`: milliseconds since 1970, or Infinity. Rejects when `signal` is aborted. */
export async function sleepUntil(moment: number, signal: AbortSignal): Promise<void> {
  for (let left = moment - Date.now(); left > 0; left = moment - Date.now())
    await sleep(Math.min(left, longestMs), undefined, { signal });
}
