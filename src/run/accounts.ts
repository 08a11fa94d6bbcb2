/**
 * Who a container runs as: names are looked up in /etc/passwd and /etc/group of its own root, as Docker does, and
 * a number needs no entry there.
 */
import { UserError } from '../base/user-error.ts';
import type { FindId } from '../oci/acl-text.ts';
import { InRoot } from '../os/in-root.ts';
import { isNumeric, parseUser } from './parse-user.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** `gid` first, as in Docker: else a program that takes another group is let in where the group `gid` is to be kept out. */
  readonly additionalGids: readonly number[];
  /** For HOME. */
  readonly home: string;
}

interface Row {
  readonly name: string;
  readonly id: number;
  readonly fields: readonly string[];
}

/**
 * The account for `user` (as `-u` takes it), with `groupAdd`, names or numbers, among its groups. UserError
 * `no-such-user`, also for a group, `bad-user`, and those of `InRoot.findText`.
 */
export function lookUpAccount(root: InRoot, user: string, groupAdd: readonly string[] = []): Account {
  const asked = parseUser(user);
  const entry = find(rows(root.findText('/etc/passwd')), asked.user);
  if (entry === undefined && !isNumeric(asked.user))
    throw new UserError(
      'no-such-user',
      `unable to find user ${asked.user}: no matching entries in passwd file`,
      {
        hint: 'name a user of the image, or a number',
        exitCode: 125,
      },
    );
  const groups = rows(root.findText('/etc/group'));
  const added = groupAdd.map((group) => getGroup(groups, group));
  const isMember = (row: Row): boolean =>
    entry !== undefined && (row.fields[3] ?? '').split(',').includes(entry.name);
  // As in Docker, who names a group has that one alone, and what was added.
  const own = asked.group === undefined ? groups.filter(isMember).map(({ id }) => id) : [];
  const gid = asked.group === undefined ? Number(entry?.fields[3] ?? 0) : getGroup(groups, asked.group);
  return {
    uid: entry?.id ?? Number(asked.user),
    gid,
    additionalGids: [...new Set([gid, ...own, ...added])],
    home: entry?.fields[5] ?? '/',
  };
}

/** UserError `no-such-user`. */
function getGroup(groups: readonly Row[], wanted: string): number {
  const found = find(groups, wanted)?.id ?? (isNumeric(wanted) ? Number(wanted) : undefined);
  if (found !== undefined) return found;
  throw new UserError('no-such-user', `unable to find group ${wanted}: no matching entries in group file`, {
    hint: 'name a group of the image, or a number',
    exitCode: 125,
  });
}

/** Users and groups of the machine. */
export function idsOfHost(): FindId {
  const root = new InRoot('/');
  try {
    const [users, groups] = ['/etc/passwd', '/etc/group'].map((path) => rows(root.findText(path))) as [
      Row[],
      Row[],
    ];
    return (kind, name) => (kind === 'user' ? users : groups).find((row) => row.name === name)?.id;
  } finally {
    root.close();
  }
}

/** A name wins over a number, as in Docker. */
function find(all: readonly Row[], wanted: string): Row | undefined {
  return (
    all.find(({ name }) => name === wanted) ??
    all.find(({ id }) => isNumeric(wanted) && id === Number(wanted))
  );
}

/** Lines that are none are left out. */
function rows(text: string | undefined): Row[] {
  return (text ?? '').split('\n').flatMap((line) => {
    const fields = line.trim().split(':');
    const [name, , id] = fields;
    return name === undefined || name === '' || name.startsWith('#') || id === undefined || !isNumeric(id)
      ? []
      : [{ name, id: Number(id), fields }];
  });
}
