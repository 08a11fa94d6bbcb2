/**
 * `--cidfile`: the id of a container in a file, for scripts. It is made first, so that two commands never share one, and goes
 * where no container comes of it.
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { UserError } from '../base/user-error.ts';
import type { Container } from './container.ts';

/** What `make` makes; its id is in the file `path` then, if there is to be one. UserError `cidfile-exists`, `bad-cidfile`. */
export async function withCidFile(
  path: string | undefined,
  make: () => Promise<Container>,
): Promise<Container> {
  if (path === undefined || path === '') return make();
  const file = create(path);
  try {
    const container = await make();
    writeSync(file, container.id);
    return container;
  } catch (thrown) {
    rmSync(path, { force: true });
    throw thrown;
  } finally {
    closeSync(file);
  }
}

function create(path: string): number {
  try {
    return openSync(path, 'wx');
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw code === 'EEXIST'
      ? new UserError(
          'cidfile-exists',
          `container ID file found, make sure the other container isn't running or delete ${path}`,
        )
      : new UserError('bad-cidfile', `failed to create the container ID file ${path} (${code})`, {
          hint: 'name a file in a directory that is there',
          cause,
        });
  }
}
