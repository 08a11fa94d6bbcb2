/**
 * Numbers as people read them: thousands set off, sizes in powers of 1024, no exponents.
 */

/** A measured figure: 0.0123, 1.20, 12.0, 1,234: three digits, all of them when there are more before the point. */
export function figureText(value: number): string {
  // Rounded first: 999.7 is 1,000.
  if (Math.abs(value) >= 999.5) return countText(Math.round(value));
  const digits = { minimumSignificantDigits: 3, maximumSignificantDigits: 3 };
  return value === 0 ? '0' : value.toLocaleString('en-US', digits);
}

/** An exact number: 4, 0.5, 200,000. */
export function countText(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 20 });
}

/** A ratio: 0.041×, 0.35×, 1.32×, 12.0×, 140×. */
export function timesText(ratio: number): string {
  // Rounded first: 0.997 is 1.00.
  if (ratio >= 0.995) return `${figureText(Math.max(1, ratio))}×`;
  if (ratio === 0) return '0×';
  const digits = { minimumSignificantDigits: 2, maximumSignificantDigits: 2 };
  return `${ratio.toLocaleString('en-US', digits)}×`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** 512 B, 4 KiB, 1.5 MiB; of whole bytes. */
export function sizeText(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  return `${value.toLocaleString('en-US', { maximumFractionDigits: 1 })} ${units[power] as string}`;
}
