/**
 * The records of a PAX header, `LENGTH KEY=VALUE\n`, where the length counts itself (POSIX.1-2001, pax,
 * "pax Extended Header"). Keys are latin1 strings, values bytes: an attribute may hold any. Which keys mean
 * what is not known here, but that GNU's sparse map 0.0 repeats two of them.
 */

export interface PaxRecord {
  readonly key: string;
  readonly value: Buffer;
}

/** Longer lengths than this are no records of ours or of anybody's. */
const lengthDigits = 10;
const newline = 0x0a;

/** All records, in their order; undefined where the bytes are no records. Values share their memory. */
export function parsePaxRecords(bytes: Buffer): PaxRecord[] | undefined {
  const records: PaxRecord[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.subarray(at, at + lengthDigits + 1).indexOf(0x20);
    const digits = bytes.toString('latin1', at, at + Math.max(space, 0));
    if (!/^[0-9]+$/.test(digits)) return undefined;
    const end = at + Number(digits);
    if (end > bytes.length || bytes[end - 1] !== newline) return undefined;
    const begin = at + space + 1;
    const equals = bytes.subarray(begin, end).indexOf(0x3d);
    if (equals <= 0) return undefined;
    records.push({
      key: bytes.toString('latin1', begin, begin + equals),
      value: bytes.subarray(begin + equals + 1, end - 1),
    });
    at = end;
  }
  return records;
}

/** In the order of their keys' bytes. */
export function formatPaxRecords(records: readonly PaxRecord[]): Buffer {
  const sorted = records.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return Buffer.concat(sorted.flatMap(formatRecord));
}

function formatRecord({ key, value }: PaxRecord): Buffer[] {
  const rest = ` ${key}=`.length + value.length + 1;
  let length = rest + String(rest).length;
  // Its own digits can make it one digit longer.
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return [Buffer.from(`${String(length)} ${key}=`, 'latin1'), value, Buffer.from([newline])];
}
