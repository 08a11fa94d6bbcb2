/**
 * How a report says that something was not measured.
 */
import type { DriverResult } from '../results.ts';

/** Why, and what would mend it. */
export function leftOutText({ why, install }: NonNullable<DriverResult['leftOut']>): string {
  return install === undefined ? why : `${why} (to have it: ${install})`;
}
