/** Directories that a step asks for in its target, with the words of somebody who writes a Dockerfile. */
import { isFsError } from '../../base/fs-error.ts';
import type { Fd } from '../../base/ids.ts';
import { nameFromText, type Name } from '../../base/name.ts';
import type { InRoot, Owner } from '../../os/in-root.ts';
import { notDirectory } from '../../run/copy-object.ts';

/**
 * The directory at an absolute path, made with its parents where it is missing; the caller closes. `isNew` where any
 * was made. UserError `not-a-directory` where something else is in the way.
 */
export function openTargetDirectory(
  target: InRoot,
  path: Name,
  owner?: Owner,
): { readonly directory: Fd; readonly isNew: boolean } {
  try {
    const { directory, made } = target.makeDirectory(path, owner);
    return { directory, isNew: made !== undefined };
  } catch (error) {
    const isInTheWay =
      isFsError(error, 'EEXIST') || isFsError(error, 'ENOTDIR') || isFsError(error, 'ENOENT');
    if (!isInTheWay) throw error;
    throw notDirectory(error.path === undefined ? path : nameFromText(error.path), error);
  }
}
