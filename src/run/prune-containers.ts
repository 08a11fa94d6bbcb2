/**
 * `container prune`: containers that do not run go, as Docker's do with those that were never started. One that
 * somebody starts or uses meanwhile stays.
 */
import { UserError } from '../base/user-error.ts';
import { readStates } from './container-states.ts';
import { isActive, type Container } from './container.ts';
import type { Engine } from './engine.ts';
import { removeContainer } from './remove-container.ts';

export interface PruneContainersOptions {
  readonly sizeOf: (container: Container) => Promise<number>;
  /** Which may go. */
  readonly accepts: (container: Container) => boolean;
}

/** Answers the ids of those that are gone, the sum of what `sizeOf` said of them before, and what is damaged, and stays. */
export async function pruneContainers(
  engine: Engine,
  { sizeOf, accepts }: PruneContainersOptions,
): Promise<{
  readonly ids: readonly string[];
  readonly bytes: number;
  readonly faults: readonly UserError[];
}> {
  const ids: string[] = [];
  let bytes = 0;
  const { rows, faults } = await readStates(engine);
  for (const { container, status } of rows) {
    if (!accepts(container) || isActive(status)) continue;
    let size = 0;
    const before = async (): Promise<void> => {
      size = await findSize(container, sizeOf);
    };
    try {
      if (!(await removeContainer(engine, container, { force: false, volumes: false, before }))) continue;
      ids.push(container.id);
      bytes += size;
    } catch (thrown) {
      if (!(thrown instanceof UserError && isInUse(thrown))) throw thrown;
    }
  }
  return { ids, bytes, faults };
}

/** 0 for one of which files are missing, since a killed command has removed half of it: it goes all the same. */
async function findSize(
  container: Container,
  sizeOf: (container: Container) => Promise<number>,
): Promise<number> {
  try {
    return await sizeOf(container);
  } catch {
    return 0;
  }
}

function isInUse({ code }: UserError): boolean {
  return code === 'container-running' || code === 'layer-in-use' || code === 'other-namespace';
}
