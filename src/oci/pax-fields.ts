/**
 * What PAX records say about an entry in place of its header, and what GNU tar and star have added: extended
 * attributes as `SCHILY.xattr.*`, access control lists as `SCHILY.acl.*`, sparse files as `GNU.sparse.*`. Records of a global header hold until
 * others take their place; an empty value takes one back (POSIX.1-2001, pax).
 */
import { aclAccess, aclDefault } from '../layer/acl.ts';
import { asName, type Name } from '../base/name.ts';
import type { TimeSpec } from '../base/time-spec.ts';
import { parseAclText, type FindId } from './acl-text.ts';
import type { PaxRecord } from './pax-records.ts';
import { parseDecimal } from './sparse-map.ts';

const xattrPrefix = 'SCHILY.xattr.';
const listKeys = [
  ['SCHILY.acl.access', aclAccess],
  ['SCHILY.acl.default', aclDefault],
] as const;
const nanoDigits = 9;

/** The key of a record for an attribute. A key ends at the first `=`: escaped as GNU tar does it. */
export function xattrKey(attribute: Name): string {
  return xattrPrefix + attribute.replaceAll('%', '%25').replaceAll('=', '%3D');
}

export class PaxFields {
  readonly #inherited: PaxFields | undefined;
  /** Undefined for a record that is taken back. */
  readonly #values = new Map<string, Buffer | undefined>();
  /** Cached: what `xattrs` answers. */
  #xattrs: ReadonlyMap<Name, Buffer> | undefined;
  /** Offsets and lengths of GNU's map 0.0, in turn. */
  readonly sparseNumbers: string[] = [];

  /** `inherited`: the records of global headers, of those to come, too. */
  constructor(inherited?: PaxFields) {
    this.#inherited = inherited;
  }

  /** How many of its own it has. */
  get count(): number {
    return this.#values.size;
  }

  add(records: readonly PaxRecord[]): void {
    this.#xattrs = undefined;
    for (const { key, value } of records) {
      if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
        this.sparseNumbers.push(value.toString('latin1'));
      } else {
        this.#values.set(key, value.length === 0 && !key.startsWith(xattrPrefix) ? undefined : value);
      }
    }
  }

  text(key: string): Name | undefined {
    if (!this.#values.has(key)) return this.#inherited?.text(key);
    const value = this.#values.get(key);
    return value === undefined ? undefined : asName(value.toString('latin1'));
  }

  /** NaN where the value is no number of this kind; undefined without such a record. */
  number(key: string): number | undefined {
    const text = this.text(key);
    return text === undefined ? undefined : (parseDecimal(text) ?? Number.NaN);
  }

  /** Seconds with a fraction. NaN, undefined: as for `number`. */
  time(key: string): TimeSpec | undefined {
    const text = this.text(key);
    return text === undefined ? undefined : parseTime(text);
  }

  xattrs(): ReadonlyMap<Name, Buffer> {
    this.#xattrs ??= this.#findXattrs();
    return this.#xattrs;
  }

  #findXattrs(): ReadonlyMap<Name, Buffer> {
    const own = [...this.#values].flatMap(([key, value]) =>
      value !== undefined && key.length > xattrPrefix.length && key.startsWith(xattrPrefix)
        ? [[nameIn(key), value] as const]
        : [],
    );
    const inherited = this.#inherited?.xattrs() ?? new Map<Name, Buffer>();
    return own.length === 0 ? inherited : new Map([...inherited, ...own]);
  }
}

function nameIn(key: string): Name {
  return asName(key.slice(xattrPrefix.length).replaceAll('%3D', '=').replaceAll('%25', '%'));
}

/** Access control lists that stand there as text, but for those that `xattrs` has. `bad` throws. */
export function listsOf(
  pax: PaxFields,
  findId: FindId,
  bad: (what: string) => never,
): (readonly [Name, Buffer])[] {
  const known = pax.xattrs();
  return listKeys.flatMap(([key, attribute]) => {
    const text = pax.text(key);
    if (text === undefined || known.has(attribute)) return [];
    const list = parseAclText(text, findId);
    if (list === undefined) bad(`${key} is no list, or names somebody who is not known here`);
    return [[attribute, list] as const];
  });
}

function parseTime(text: string): TimeSpec {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)([0-9]{1,16})(?:\.([0-9]*))?$/.exec(text) ?? [];
  if (whole === '') return { sec: Number.NaN, nsec: 0 };
  const sec = Number(whole);
  const nsec = Number(fraction.slice(0, nanoDigits).padEnd(nanoDigits, '0'));
  if (sign === '') return { sec, nsec };
  return nsec === 0 ? { sec: -sec, nsec: 0 } : { sec: -sec - 1, nsec: 1e9 - nsec };
}
