/**
 * Mounts a stack by a driver and takes it down again. Returns from both only when the kernel and the server are
 * through: an upper may be in use until its server has ended.
 */
import { dirname, basename } from 'node:path';
import { run } from '../child.ts';
import type { Stack } from '../stack.ts';
import { copyCommand } from './copies.ts';
import type { Driver } from './driver.ts';
import { findServers, waitForEnd } from './servers.ts';
import { provideTree, treePath } from './trees.ts';

/** A stack that is mounted. */
export interface Mounted {
  readonly stack: Stack;
  /** Process ids of the server; empty where the kernel is the server. */
  readonly servers: readonly number[];
  unmount(): Promise<void>;
}

/** mount(2) takes a page of options: with more layers than fit, their paths have to be short. */
const longestCommand = 3500;

/** Throws with what the mount program has said. */
export function mount(driver: Driver, stack: Stack): Mounted {
  if (driver.tree !== undefined) provideTree(driver.tree, stack);
  const command = driver.command(stack);
  if (command === undefined) {
    run(copyCommand(treePath('directory', stack), stack.mountPoint));
    return { stack, servers: [], unmount: () => Promise.resolve() };
  }
  if (command.join(' ').length <= longestCommand) run(command);
  else runFromLayers(driver, stack);
  const servers = findServers(stack.mountPoint);
  return {
    stack,
    servers,
    unmount: async () => {
      try {
        run(driver.unmountCommand(stack));
      } catch {
        run(['umount', '-l', stack.mountPoint]);
      }
      await waitForEnd(servers);
    },
  };
}

/** Names the layers relative to the directory that holds them all. */
function runFromLayers(driver: Driver, stack: Stack): void {
  const cwd = dirname(stack.lowers[0] ?? '/');
  const together = stack.lowers.every((lower) => dirname(lower) === cwd);
  if (!together) throw new Error('the paths of the layers are too long for mount(2)');
  run(driver.command({ ...stack, lowers: stack.lowers.map((lower) => basename(lower)) }) ?? [], { cwd });
}
