/**
 * Who a container runs as: names are looked up in /etc/passwd and /etc/group of its own root, as Docker does, and
 * a number needs no entry there.
 */
import { UserError } from '../base/user-error.ts';
import type { InRoot } from '../os/in-root.ts';
import { isNumeric, parseUser } from './parse-user.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** For HOME. */
  readonly home: string;
}

interface Row {
  readonly name: string;
  readonly id: number;
  readonly fields: readonly string[];
}

/** The account for `user` (as `-u` takes it). UserError `no-such-user`, `bad-user`; FsError where a file is no file. */
export function lookUpAccount(root: InRoot, user: string): Account {
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
  const uid = entry?.id ?? Number(asked.user);
  const groups = rows(root.findText('/etc/group'));
  if (asked.group !== undefined) {
    const group = find(groups, asked.group)?.id ?? (isNumeric(asked.group) ? Number(asked.group) : undefined);
    if (group === undefined)
      throw new UserError(
        'no-such-user',
        `unable to find group ${asked.group}: no matching entries in group file`,
        {
          hint: 'name a group of the image, or a number',
          exitCode: 125,
        },
      );
    return { uid, gid: group, additionalGids: [], home: entry?.fields[5] ?? '/' };
  }
  const isMember = (row: Row): boolean =>
    entry !== undefined && (row.fields[3] ?? '').split(',').includes(entry.name);
  return {
    uid,
    gid: Number(entry?.fields[3] ?? 0),
    additionalGids: groups.filter(isMember).map(({ id }) => id),
    home: entry?.fields[5] ?? '/',
  };
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
