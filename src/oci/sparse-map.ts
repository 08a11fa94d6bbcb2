/**
 * Where the data of a sparse file in a tar belongs. GNU tar has written such maps in four ways (its manual,
 * "Storing Sparse Files"): in the header and blocks behind it, in repeated PAX records (0.0), in one record (0.1),
 * and in front of the data (1.0). We read all of them, and write none (docs/layer-tar.md). A map is
 * hostile input: what is out of order, overlaps, or leaves the file is refused.
 */
import { blockSize } from './tar-header.ts';
import { parseNumber } from './tar-number.ts';

/** A run of data; what lies between two of them is zeros. */
export interface Region {
  readonly offset: number;
  readonly length: number;
}

/** More runs than this in one file are an attack on our memory. */
const regionsMax = 1 << 20;

/** In the header of type S. */
const headerEntriesAt = 386;
const headerEntries = 4;
const headerExtendedAt = 482;
const realSizeAt = 483;
/** In each block behind it. */
const extensionEntries = 21;
const extensionExtendedAt = 504;
const fieldLength = 12;

/** How many bytes the runs hold together, if they are a map of a file of `size` bytes; undefined if not. */
export function lengthOfRegions(regions: readonly Region[], size: number): number | undefined {
  let end = 0;
  let total = 0;
  for (const { offset, length } of regions) {
    if (offset < end || offset + length > size) return undefined;
    end = offset + length;
    total += length;
  }
  return total;
}

/** The size of the file behind an old GNU header; undefined where it is no number. */
export function realSizeIn(header: Buffer): number | undefined {
  return parseNumber(header, realSizeAt, fieldLength);
}

/** The old GNU map. `nextBlock` reads one block more; undefined where there is none, or a field is no number. */
export async function readOldMap(
  header: Buffer,
  nextBlock: () => Promise<Buffer | undefined>,
): Promise<Region[] | undefined> {
  const regions: Region[] = [];
  if (!addEntries(regions, header, headerEntriesAt, headerEntries)) return undefined;
  let isExtended = header[headerExtendedAt] !== 0;
  while (isExtended) {
    const block = await nextBlock();
    if (block === undefined || regions.length > regionsMax) return undefined;
    if (!addEntries(regions, block, 0, extensionEntries)) return undefined;
    isExtended = block[extensionExtendedAt] !== 0;
  }
  return regions;
}

/** Offsets and lengths in turn, as the records of 0.0 have them, and that of 0.1 with commas between. */
export function mapOfNumbers(texts: readonly string[]): Region[] | undefined {
  if (texts.length % 2 !== 0 || texts.length > 2 * regionsMax) return undefined;
  const regions: Region[] = [];
  for (let at = 0; at < texts.length; at += 2) {
    const offset = parseDecimal(texts[at] ?? '');
    const length = parseDecimal(texts[at + 1] ?? '');
    if (offset === undefined || length === undefined) return undefined;
    regions.push({ offset, length });
  }
  return regions;
}

/**
 * The map 1.0: lines of decimal digits, how many entries first, padded to whole blocks, which `nextBlock` reads.
 */
export async function readMapInData(
  nextBlock: () => Promise<Buffer | undefined>,
): Promise<Region[] | undefined> {
  const lines: string[] = [];
  let rest = '';
  for (let wanted = 1; lines.length < wanted;) {
    const block = await nextBlock();
    if (block === undefined) return undefined;
    const parts = (rest + block.toString('latin1')).split('\n');
    rest = parts.pop() ?? '';
    // A line that goes on for a whole block is no number.
    if (rest.length > blockSize && parts.length === 0) return undefined;
    for (const part of parts) lines.push(part);
    const count = parseDecimal(lines[0] ?? '0');
    if (count === undefined || count > regionsMax) return undefined;
    wanted = 1 + 2 * count;
    if (lines.length > wanted) return undefined;
  }
  return mapOfNumbers(lines.slice(1));
}

/** Digits alone, and exact in a double; undefined otherwise. */
export function parseDecimal(text: string): number | undefined {
  if (!/^[0-9]{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

function addEntries(regions: Region[], block: Buffer, begin: number, count: number): boolean {
  for (let entry = 0; entry < count; entry += 1) {
    const at = begin + entry * 2 * fieldLength;
    if (block[at + fieldLength] === 0) return true;
    const offset = parseNumber(block, at, fieldLength);
    const length = parseNumber(block, at + fieldLength, fieldLength);
    if (offset === undefined || length === undefined || offset < 0 || length < 0) return false;
    regions.push({ offset, length });
  }
  return true;
}
