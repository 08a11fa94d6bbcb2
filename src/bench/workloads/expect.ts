/** What a trial must find when the clock has stopped: one that did not do its work has no figure. */

/** Throws unless the two agree. */
export function expectSame(what: string, found: string | number, expected: string | number): void {
  if (found !== expected) throw new Error(`${what}: found ${String(found)}, not ${String(expected)}`);
}

/** Throws when it was less. */
export function expectAtLeast(what: string, found: number, least: number): void {
  if (found < least) throw new Error(`${what}: found ${String(found)}, not ${String(least)} or more`);
}
