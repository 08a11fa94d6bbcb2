/**
 * `-u USER[:GROUP]`, each a name or a number: what was asked, before anybody looks into a container.
 */
import { UserError } from '../base/user-error.ts';

export interface UserRequest {
  /** A name, or a number in decimal. */
  readonly user: string;
  /** Undefined: the primary group of the user. */
  readonly group: string | undefined;
}

/** Largest id: 2^32 - 1 means "no change" in chown(2). */
const maxId = 2 ** 32 - 2;

/** An empty text is uid 0. UserError `bad-user`. */
export function parseUser(text: string): UserRequest {
  const [user = '', group, ...more] = text.split(':');
  if (more.length > 0 || [user, group ?? ''].some((part) => isNumeric(part) && Number(part) > maxId))
    throw new UserError('bad-user', `invalid user: ${text}`, {
      hint: `write -u USER[:GROUP], names or numbers up to ${String(maxId)}`,
    });
  return { user: user === '' ? '0' : user, group: group === '' ? undefined : group };
}

/** A group as `--group-add` takes it, a name or a number. UserError `bad-group`. */
export function checkGroup(text: string): void {
  if (text !== '' && !text.includes(':') && !(isNumeric(text) && Number(text) > maxId)) return;
  throw new UserError('bad-group', `invalid group: '${text}'`, {
    hint: `--group-add takes a name of the image's, or a number up to ${String(maxId)}`,
  });
}

/** Whether it is an id rather than a name. */
export function isNumeric(text: string): boolean {
  return /^\d+$/.test(text);
}
