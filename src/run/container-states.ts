/** Containers with what has become of each, for whoever lists them: one that is damaged keeps nobody from seeing the others. */
import { UserError } from '../base/user-error.ts';
import { asBroken } from '../store/durable.ts';
import { readContainers } from './container-book.ts';
import { readStatus, type Container, type ContainerStatus } from './container.ts';
import type { Engine } from './engine.ts';

export interface StatedContainer {
  readonly container: Container;
  readonly status: ContainerStatus;
}

export interface ContainerStates {
  /** The newest first. */
  readonly rows: readonly StatedContainer[];
  /** What is damaged, and has no row; UserError `broken-file`. */
  readonly faults: readonly UserError[];
}

export async function readStates(engine: Engine): Promise<ContainerStates> {
  const { containers, damaged } = await readContainers(engine);
  const rows: StatedContainer[] = [];
  const faults = [...damaged.values()];
  for (const container of containers) {
    const status = await readStatus(engine, container.id).catch(asBroken);
    if (status instanceof UserError) faults.push(status);
    else rows.push({ container, status });
  }
  return { rows, faults };
}
