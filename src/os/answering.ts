/** Whether the file system at a place still has a server, for programs that must not wait for it themselves. */
import { statfs } from 'node:fs/promises';
import type { Name } from '../base/name.ts';

/** False for a FUSE mount whose server is gone. Another thread asks, since attributes are cached and this is not. */
export function isAnswering(path: Name): Promise<boolean> {
  return statfs(Buffer.from(path, 'latin1')).then(
    () => true,
    () => false,
  );
}
