/**
 * One header block of a tar: where its fields lie, its checksum, its names. It knows ustar (POSIX.1-1988),
 * the older v7 form, GNU's, and star's; what records in front of an entry say instead is not its business
 * (`tar-reader.ts`).
 */
import { asName, type Name } from '../base/name.ts';
import { parseNumber, writeOctal } from './tar-number.ts';

export const blockSize = 512;

/** Offset and length of each number. */
const numbers = {
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  devMajor: [329, 8],
  devMinor: [337, 8],
} as const;

export type NumberField = keyof typeof numbers;

const checksumAt = 148;
const checksumEnd = 156;
const typeAt = 156;
const linkNameAt = 157;
const magicAt = 257;
const prefixAt = 345;
/** Both name fields. */
export const nameLength = 100;
const prefixLength = 155;
/** star keeps times behind a shorter prefix, and says so at the end of the block. */
const starPrefixLength = 131;
const starMarkAt = 508;

export interface HeaderFields {
  /** At most 100 bytes, as are `linkName`; `prefix` at most 155. */
  readonly name: Name;
  readonly prefix: Name;
  readonly linkName: Name;
  /** One character. */
  readonly type: string;
  /** Each fits the octal digits of its field: 7 of them, 11 for size and mtime. */
  readonly values: Readonly<Record<NumberField, number>>;
}

/** A block of 512 bytes: ustar, without user and group names. */
export function formatHeader(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(blockSize);
  block.write(fields.name, 0, nameLength, 'latin1');
  for (const [field, [offset, length]] of Object.entries(numbers)) {
    writeOctal(block, offset, length, fields.values[field as NumberField]);
  }
  block.write(fields.type, typeAt, 'latin1');
  block.write(fields.linkName, linkNameAt, nameLength, 'latin1');
  block.write('ustar\x0000', magicAt, 'latin1');
  block.write(fields.prefix, prefixAt, prefixLength, 'latin1');
  writeOctal(block, checksumAt, 7, sumOf(block));
  block[checksumEnd - 1] = 0x20;
  return block;
}

/** Whether the checksum is right. Some old writers have summed signed bytes. */
export function isChecksumRight(block: Buffer): boolean {
  const stated = parseNumber(block, checksumAt, checksumEnd - checksumAt);
  return stated === sumOf(block) || stated === signedSumOf(block);
}

/** undefined where the field holds no number. */
export function numberIn(block: Buffer, field: NumberField): number | undefined {
  const [offset, length] = numbers[field];
  return parseNumber(block, offset, length);
}

/** The type flag as a character; NUL and `0` both mean a regular file. */
export function typeIn(block: Buffer): string {
  return String.fromCharCode(block[typeAt] ?? 0);
}

/** The whole path, with the prefix of a ustar header. */
export function pathIn(block: Buffer): Name {
  const name = textIn(block, 0, nameLength);
  // GNU's magic is `ustar  `, and it keeps other things where the prefix is.
  if (block.toString('latin1', magicAt, magicAt + 6) !== 'ustar\0') return name;
  const isStar = block.toString('latin1', starMarkAt) === 'tar\0';
  const prefix = textIn(block, prefixAt, isStar ? starPrefixLength : prefixLength);
  return prefix === '' ? name : asName(`${prefix}/${name}`);
}

export function linkNameIn(block: Buffer): Name {
  return textIn(block, linkNameAt, nameLength);
}

/** How many bytes fill the last block of so much content. */
export function paddingAfter(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

/** Up to the first NUL, or the whole field. */
function textIn(block: Buffer, offset: number, length: number): Name {
  const end = block.subarray(offset, offset + length).indexOf(0);
  return asName(block.toString('latin1', offset, offset + (end < 0 ? length : end)));
}

/** Of unsigned bytes, those of the checksum counted as spaces. */
function sumOf(block: Buffer): number {
  let sum = (checksumEnd - checksumAt) * 0x20;
  for (let at = 0; at < checksumAt; at += 1) sum += block[at] ?? 0;
  for (let at = checksumEnd; at < blockSize; at += 1) sum += block[at] ?? 0;
  return sum;
}

function signedSumOf(block: Buffer): number {
  let sum = sumOf(block);
  for (let at = 0; at < blockSize; at += 1) {
    if ((at < checksumAt || at >= checksumEnd) && (block[at] ?? 0) >= 0x80) sum -= 0x100;
  }
  return sum;
}
