/**
 * The header blocks of an entry, in the one form that we write (docs/layer-tar.md): ustar, with a PAX header in
 * front where a field of ustar does not hold what is to be said, and for extended attributes. One entry has
 * one form, so that equal trees have equal tars.
 */
import { asName, type Name } from '../base/name.ts';
import { xattrKey } from './pax-fields.ts';
import { formatPaxRecords, type PaxRecord } from './pax-records.ts';
import type { EntryType, TarEntry } from './tar-entry.ts';
import { formatHeader, nameLength, paddingAfter } from './tar-header.ts';
import { fitsOctal } from './tar-number.ts';

const flags = {
  file: '0',
  link: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
} as const satisfies Record<EntryType, string>;

const prefixMax = 155;
/** Digits of size and mtime; of all others. */
const longDigits = 11;
const shortDigits = 7;
const paxName = asName('PaxHeader');
const none = asName('');

/** Header blocks, 512 bytes each; the content, padded by `paddingAfter`, follows them. */
export function encodeHeaders(entry: TarEntry): Buffer {
  const records: PaxRecord[] = entry.xattrs.map(([name, value]) => ({ key: xattrKey(name), value }));
  const place = splitPath(entry.path);
  if (place === undefined) records.push(record('path', entry.path));
  if (entry.linkName.length > nameLength) records.push(record('linkpath', entry.linkName));
  /** The value where ustar holds it; otherwise 0, and a record. */
  const number = (key: 'uid' | 'gid' | 'size' | 'mtime', value: number): number => {
    if (fitsOctal(value, key === 'size' || key === 'mtime' ? longDigits : shortDigits)) return value;
    records.push(record(key, String(value)));
    return 0;
  };
  const header = formatHeader({
    name: place?.name ?? asName(entry.path.slice(0, nameLength)),
    prefix: place?.prefix ?? none,
    linkName: asName(entry.linkName.slice(0, nameLength)),
    type: flags[entry.type],
    values: {
      mode: entry.mode,
      uid: number('uid', entry.uid),
      gid: number('gid', entry.gid),
      size: number('size', entry.size),
      mtime: number('mtime', entry.mtime.sec),
      devMajor: Math.floor(entry.rdev / 2 ** 20),
      devMinor: entry.rdev % 2 ** 20,
    },
  });
  return records.length === 0 ? header : Buffer.concat([paxHeader(formatPaxRecords(records)), header]);
}

function paxHeader(records: Buffer): Buffer {
  const values = { mode: 0o644, uid: 0, gid: 0, size: records.length, mtime: 0, devMajor: 0, devMinor: 0 };
  const header = formatHeader({ name: paxName, prefix: none, linkName: none, type: 'x', values });
  return Buffer.concat([header, records, Buffer.alloc(paddingAfter(records.length))]);
}

/** As ustar holds it: in one field, or cut at the last slash that lets both parts fit; undefined where none does. */
function splitPath(path: Name): { readonly name: Name; readonly prefix: Name } | undefined {
  if (path.length <= nameLength) return { name: path, prefix: none };
  // The slash at the end of a directory belongs to its name.
  const slash = path.slice(0, -1).lastIndexOf('/', prefixMax);
  if (slash <= 0 || path.length - slash - 1 > nameLength) return undefined;
  return { name: asName(path.slice(slash + 1)), prefix: asName(path.slice(0, slash)) };
}

function record(key: string, value: string): PaxRecord {
  return { key, value: Buffer.from(value, 'latin1') };
}
