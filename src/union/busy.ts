/**
 * Copying data: at once, where it is little and need not be synced; else on the pool, with the node marked busy.
 */
import type { UnionCore } from './core.ts';
import type { Node } from './node.ts';

/** Files up to this size are copied at once where they need not be synced. */
const syncCopyMax = 128 * 1024;

export function isCopiedAtOnce(core: UnionCore, size: number): boolean {
  return !core.features.sync && size <= syncCopyMax;
}

/** Runs `work` with the node marked busy: whoever needs the node waits and looks again. */
export function whileBusy(core: UnionCore, node: Node, work: () => Promise<void>): Promise<void> {
  const running = work().finally(() => {
    node.busy = undefined;
    core.nodes.leaveIfUnused(node);
  });
  node.busy = running.catch(() => undefined);
  return running;
}
