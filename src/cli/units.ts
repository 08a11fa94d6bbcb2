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

/** `2026-01-31 12:00:00 +0000 UTC`, as Docker shows a time; `N/A` for what is none. */
export function timeText(time: string | undefined): string {
  const moment = new Date(time ?? '');
  if (Number.isNaN(moment.getTime())) return 'N/A';
  return `${moment.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

/** `3 hours ago`; `N/A` for what is no time. */
export function ageText(created: string | undefined, now = Date.now()): string {
  const time = Date.parse(created ?? '');
  return Number.isNaN(time) ? 'N/A' : `${spanText((now - time) / 1000)} ago`;
}

/** Up to so many hours, in units of so many. */
const spans: readonly (readonly [below: number, hours: number, name: string])[] = [
  [2 * 24, 1, 'hours'],
  [2 * 7 * 24, 24, 'days'],
  [2 * 30 * 24, 7 * 24, 'weeks'],
  [2 * 365 * 24, 30 * 24, 'months'],
  [Infinity, 365 * 24, 'years'],
];

/** How long something has been so, in Docker's words: `About a minute`, `46 hours`, `13 days`; `N/A` where that is not known. */
export function spanText(seconds: number): string {
  if (Number.isNaN(seconds)) return 'N/A';
  if (seconds < 1) return 'Less than a second';
  if (seconds < 2) return '1 second';
  if (seconds < 60) return `${String(Math.floor(seconds))} seconds`;
  if (seconds < 120) return 'About a minute';
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return 'About an hour';
  const [, unit, name] = spans.find(([below]) => hours < below) ?? [Infinity, 1, 'hours'];
  return `${String(Math.floor(hours / unit))} ${name}`;
}
