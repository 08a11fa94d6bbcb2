/**
 * Sizes and ages as Docker's tables show them.
 */

/** Decimal units, three or four digits: `1.24MB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${String(Number(value.toPrecision(3)))}${units[unit] ?? ''}`;
}

const spans: readonly (readonly [seconds: number, name: string])[] = [
  [365 * 86400, 'year'],
  [30 * 86400, 'month'],
  [7 * 86400, 'week'],
  [86400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** `2026-01-31 12:00:00 +0000 UTC`, as Docker shows a time; `N/A` for what is none. */
export function timeText(time: string | undefined): string {
  const moment = new Date(time ?? '');
  if (Number.isNaN(moment.getTime())) return 'N/A';
  return `${moment.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

/** `3 hours ago`; `N/A` for what is no time. */
export function ageText(created: string | undefined, now = Date.now()): string {
  const time = Date.parse(created ?? '');
  if (Number.isNaN(time)) return 'N/A';
  const seconds = Math.max(0, (now - time) / 1000);
  const [span, name] = spans.find(([length]) => seconds >= length) ?? [1, 'second'];
  const count = Math.max(1, Math.floor(seconds / span));
  return `${String(count)} ${name}${count === 1 ? '' : 's'} ago`;
}
