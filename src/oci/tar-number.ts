/**
 * Numbers in the fields of a tar header: octal digits, or, where those do not suffice, base 256 with the
 * first bit set, two's complement (GNU tar manual, "Extensions to the Archive Format"). We read both and write
 * octal alone: what is beyond it goes to a PAX record.
 */

/** What `digits` octal digits can say, and no more. */
export function fitsOctal(value: number, digits: number): boolean {
  return value >= 0 && value < 8 ** digits;
}

/** Fills the field but for its last byte, a NUL, with octal digits. */
export function writeOctal(block: Buffer, offset: number, length: number, value: number): void {
  block.write(value.toString(8).padStart(length - 1, '0'), offset, length - 1, 'latin1');
}

/** undefined where the field holds no number, or one that no double holds exactly. An empty field is 0. */
export function parseNumber(block: Buffer, offset: number, length: number): number | undefined {
  const first = block[offset] ?? 0;
  return (first & 0x80) === 0
    ? parseOctal(block.toString('latin1', offset, offset + length))
    : parseBase256(block.subarray(offset, offset + length));
}

function parseOctal(field: string): number | undefined {
  // Padding on either side is spaces or NULs, by the age of the writer.
  const digits = /^[ \0]*([0-7]*)(?:[ \0].*)?$/s.exec(field)?.[1];
  if (digits === undefined) return undefined;
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function parseBase256(field: Buffer): number | undefined {
  const negative = ((field[0] ?? 0) & 0x40) !== 0;
  let value = BigInt((field[0] ?? 0) & 0x7f) - (negative ? 0x80n : 0n);
  for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}
