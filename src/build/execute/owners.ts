/**
 * `--chown`: names are looked up in /etc/passwd and /etc/group of the image, numbers need none. A user without a
 * group has the group of the same number (Dockerfile reference, "COPY --chown").
 */
import { UserError } from '../../base/user-error.ts';
import type { InRoot, Owner } from '../../os/in-root.ts';

/** `USER[:GROUP]`, expanded. UserError `unknown-owner`. */
export function lookUpOwner(tree: InRoot, text: string): Owner {
  const [user = '', group = user, ...more] = text.split(':');
  if (user === '' || group === '' || more.length > 0) {
    throw new UserError('unknown-owner', `--chown=${text} is no owner`, { hint: 'write --chown=USER:GROUP' });
  }
  const uid = idOf(tree, '/etc/passwd', user);
  if (!text.includes(':')) return { uid, gid: uid };
  return { uid, gid: idOf(tree, '/etc/group', group) };
}

function idOf(tree: InRoot, file: string, name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const lines = (tree.findText(file) ?? '').split('\n').map((line) => line.split(':'));
  const id = lines.find((fields) => fields[0] === name)?.[2];
  if (id !== undefined && /^\d+$/.test(id)) return Number(id);
  throw new UserError('unknown-owner', `${file} of the image does not know "${name}"`, {
    hint: 'add it in a RUN before, or write its number',
  });
}
