/** Trees that are walked with a descriptor for each level of depth: as deep as there may be open files. */
import { isFsError } from '../base/fs-error.ts';
import { UserError } from '../base/user-error.ts';

/** What such a walk throws for what stopped it: UserError `too-deep` where descriptors ran out, else the same. */
export function orTooDeep(thrown: unknown): unknown {
  if (!isFsError(thrown, 'EMFILE')) return thrown;
  return new UserError('too-deep', 'there may not be as many open files as the tree is deep', {
    hint: 'raise the hard limit of open files (ulimit -Hn)',
    cause: thrown,
  });
}
