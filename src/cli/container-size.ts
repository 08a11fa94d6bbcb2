/** What containers have written, for listings: one that cannot be measured keeps nobody from seeing the others. */
import { FsError } from '../base/fs-error.ts';
import { UserError } from '../base/user-error.ts';
import type { Container } from '../run/container.ts';
import type { StoreLayers } from '../run/store-layers.ts';
import { lineOf } from './error-line.ts';

/** Bytes; undefined where they cannot be told, because its layer is mounted elsewhere, say: that goes to standard error. */
export async function findWritten(
  layers: Pick<StoreLayers, 'size'>,
  { id, name }: Container,
): Promise<number | undefined> {
  try {
    return await layers.size(id);
  } catch (thrown) {
    if (!(thrown instanceof UserError || thrown instanceof FsError)) throw thrown;
    process.stderr.write(`strata: the size of ${name} is not known: ${lineOf(thrown)}\n`);
    return undefined;
  }
}

/** What stands in the place of a size that is not known. */
export const unknownSize = 'unknown';
