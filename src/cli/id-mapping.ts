/**
 * The value of `uidmapping=` and `gidmapping=`: triples of the id on disk, the id that it shows as, and how many
 * follow, all separated by colons. What podman passes begins with a colon; nothing at all maps nothing. fuse-overlayfs
 * reads the same, but takes maps that lead two ways.
 */
import type { IdRange } from '../union/id-map.ts';

/** The highest id; the one above means that there is none. */
const idMax = 2 ** 32 - 2;

/** The ranges; or, where the text makes no sense, why, in a few words. */
export function parseIdMapping(text: string): readonly IdRange[] | string {
  const fields = text.split(':').filter((field) => field !== '');
  if (fields.some((field) => !/^\d+$/.test(field))) return 'ids are numbers, and stand between colons';
  if (fields.length % 3 !== 0) return 'it takes triples, ON-DISK:SHOWN:COUNT';
  const ranges: IdRange[] = [];
  for (let i = 0; i < fields.length; i += 3) {
    const [disk, shown, length] = fields.slice(i, i + 3).map(Number) as [number, number, number];
    if (length === 0) return 'a range of 0 ids maps nothing';
    if (Math.max(disk, shown) + length - 1 > idMax) return `the highest id is ${String(idMax)}`;
    ranges.push({ disk, shown, length });
  }
  if (overlap(ranges, 'disk')) return 'an id on disk shows as two';
  if (overlap(ranges, 'shown')) return 'an id stands for two on disk';
  return ranges;
}

function overlap(ranges: readonly IdRange[], side: 'disk' | 'shown'): boolean {
  const sorted = [...ranges].sort((a, b) => a[side] - b[side]);
  return sorted.some((range, i) => {
    const next = sorted[i + 1];
    return next !== undefined && range[side] + range.length > next[side];
  });
}

/** An id alone; undefined where the text is none. */
export function findId(text: string): number | undefined {
  return /^\d+$/.test(text) && Number(text) <= idMax ? Number(text) : undefined;
}
