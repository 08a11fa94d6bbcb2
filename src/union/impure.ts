/**
 * The impure mark of an upper directory: it must be there before the first object comes that was copied up, or
 * that is a metacopy, since a listing and a lookup look for the marks of single objects where it says so.
 */
import { setImpure } from '../layer/impure.ts';
import type { UnionCore } from './core.ts';
import { guarded, letIn } from './let-in.ts';
import { readMarks } from './lower-stack.ts';
import type { Node } from './node.ts';
import { withoutSeal } from './object-flags.ts';

/** Marks the upper directory of `parent`. */
export function markImpure(core: UnionCore, parent: Node): void {
  const { dir } = parent;
  if (dir?.upper === undefined || dir.impure === true) return;
  const { upper } = dir;
  withoutSeal(core, parent, () => {
    letIn(core, [guarded(core, upper)], () => {
      setImpure(core.fs, core.at(upper), upper.name, core.names);
    });
  });
  dir.impure = true;
}

/** Whether it is marked. */
export function isImpure(core: UnionCore, parent: Node): boolean {
  const { dir } = parent;
  if (dir === undefined) return false;
  if (dir.impure === undefined && dir.upper !== undefined) dir.impure = readMarks(core, dir.upper).impure;
  return dir.impure === true;
}
