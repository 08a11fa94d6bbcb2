/**
 * From what the options say about owners to the rules that the engine obeys. A mount that says nothing has no rules,
 * and pays for none.
 */
import { readOverflowIds } from '../os/overflow-ids.ts';
import type { IdentityRules } from '../union/id-map.ts';
import type { IdentityOptions } from './mount-spec.ts';

/** undefined where clients see the ids that lie on disk. squash_to_uid goes before squash_to_root. */
export function findIdentityRules(options: IdentityOptions): IdentityRules | undefined {
  const { uidRanges, gidRanges, squashToRoot } = options;
  const root = squashToRoot ? 0 : undefined;
  const users = { ranges: uidRanges, squash: options.squashToUid ?? root };
  const groups = { ranges: gidRanges, squash: options.squashToGid ?? root };
  if ([users, groups].every(({ ranges, squash }) => ranges.length === 0 && squash === undefined))
    return undefined;
  const { uid, gid } = readOverflowIds();
  return { users: { ...users, overflow: uid }, groups: { ...groups, overflow: gid } };
}
