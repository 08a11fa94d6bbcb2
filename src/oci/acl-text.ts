/**
 * Access control lists as GNU tar and star write them (`SCHILY.acl.access`, `SCHILY.acl.default`): entries in the long text form of
 * acl(5), each on a line or after a comma. Users and groups stand there by name; star says the number behind.
 */
import { aclTag, formatAcl, type AclEntry } from '../layer/acl.ts';

/** The number of a user or a group; undefined where there is none of that name. */
export type FindId = (kind: 'user' | 'group', name: string) => number | undefined;

const entryForm = /^(u|g|m|o)[a-z]*:([^:]*):([r-])([w-])([x-])(?::(\d+))?$/;
const nobody = 0xffffffff;
/** Of entries that name nobody. */
const bareTags: Readonly<Record<string, number>> = {
  u: aclTag.userObj,
  g: aclTag.groupObj,
  m: aclTag.mask,
  o: aclTag.other,
};

/** As the extended attribute; undefined for what is no list, or names somebody who is unknown. */
export function parseAclText(text: string, findId: FindId): Buffer | undefined {
  const parts = text.split(/[\n,\0]/).map((part) => part.replace(/#.*$/, '').trim());
  const entries = parts.filter((part) => part !== '').map((part) => parseEntry(part, findId));
  if (entries.length === 0 || !entries.every((entry) => entry !== undefined)) return undefined;
  return formatAcl(entries.sort((a, b) => a.tag - b.tag || a.id - b.id));
}

function parseEntry(text: string, findId: FindId): AclEntry | undefined {
  const [, tag = '', who = '', r, w, x, number] = entryForm.exec(text) ?? [];
  const bare = bareTags[tag];
  if (bare === undefined) return undefined;
  const perm = (r === 'r' ? 4 : 0) | (w === 'w' ? 2 : 0) | (x === 'x' ? 1 : 0);
  if (who === '') return { tag: bare, perm, id: nobody };
  if (bare !== aclTag.userObj && bare !== aclTag.groupObj) return undefined;
  const isUser = bare === aclTag.userObj;
  const known = /^\d+$/.test(who) ? Number(who) : findId(isUser ? 'user' : 'group', who);
  const id = number === undefined ? known : Number(number);
  if (id === undefined || id >= nobody) return undefined;
  return { tag: isUser ? aclTag.user : aclTag.group, perm, id };
}
