/** Moments as people write them for Docker's commands. */
import { findDuration } from '../build/dockerfile/duration.ts';

/** Seconds since 1970, a time, or a duration before `now`; milliseconds since 1970, undefined for anything else. */
export function findMoment(text: string, now: number): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const duration = findDuration(text);
  if (duration !== undefined) return now - duration / 1e6;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
