/**
 * `--chown`: names are looked up in /etc/passwd and /etc/group of the image, numbers need none. A user without a group
 * has the group that /etc/passwd tells, one that is a number the group of the same number (BuildKit: readUser in
 * llbsolver/file; the Dockerfile reference has the number for both).
 */
import { UserError } from '../../base/user-error.ts';
import type { InRoot, Owner } from '../../os/in-root.ts';

/** `USER[:GROUP]`, expanded. UserError `unknown-owner`, and those of `InRoot.findText`. */
export function lookUpOwner(tree: InRoot, text: string): Owner {
  const [user = '', group, ...more] = text.split(':');
  if (user === '' || group === '' || more.length > 0) {
    throw new UserError('unknown-owner', `--chown=${text} is no owner`, { hint: 'write --chown=USER:GROUP' });
  }
  const [uid, ownGroup] = idsOf(tree, '/etc/passwd', user);
  return { uid, gid: group === undefined ? ownGroup : idsOf(tree, '/etc/group', group)[0] };
}

/** The id, and what stands behind it: of a user, the group. A number is both. */
function idsOf(tree: InRoot, file: string, name: string): [id: number, group: number] {
  if (/^\d+$/.test(name)) return [Number(name), Number(name)];
  const lines = (tree.findText(file) ?? '').split('\n').map((line) => line.split(':'));
  const [, , id = '', group = ''] = lines.find((fields) => fields[0] === name) ?? [];
  if (/^\d+$/.test(id)) return [Number(id), Number(/^\d+$/.test(group) ? group : id)];
  throw new UserError('unknown-owner', `${file} of the image does not know "${name}"`, {
    hint: 'add it in a RUN before, or write its number',
  });
}
