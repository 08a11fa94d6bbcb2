/** `export` of a container: its tree as it is, without its volumes and what else is mounted in it. */
import { withPresentContainer } from './container-book.ts';
import { isActive, readStatus, type Container } from './container.ts';
import type { Engine } from './engine.ts';
import { exportDirectory } from './volume-archive.ts';

/** To the file `output`, or to standard output. Nothing else starts or ends it meanwhile. UserError `tar-failed`, `no-such-container`. */
export async function exportContainer(
  engine: Engine,
  container: Container,
  output: string | undefined,
): Promise<void> {
  const { id } = container;
  await withPresentContainer(engine, container, async () => {
    const hasProcesses = isActive(await readStatus(engine, id));
    const tree = await engine.layers.mount(id);
    try {
      await exportDirectory(tree, output, { changes: hasProcesses });
    } finally {
      if (!hasProcesses) await engine.layers.unmount(id);
    }
  });
}
