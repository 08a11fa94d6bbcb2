/**
 * What is measured: a way to put a stack of layers on a mount point. A driver is data, so that a rival or a
 * variant of ours (another option) is one more entry in `table.ts`. It says how it is mounted, by the program that
 * a user would run, and does nothing itself.
 */
import type { Stack } from '../stack.ts';
import type { TreeKind } from './trees.ts';

/** Whether data that was copied up has reached the disk when the first write returns. */
export type Durability = 'default' | 'volatile';

/** Why something does not run here, and the command that mends it. */
export interface Obstacle {
  readonly why: string;
  readonly install?: string;
}

export interface Driver {
  readonly name: string;
  /** Whether it is ours. */
  readonly subject: boolean;
  /** Of which driver of ours it is a variant: thresholds are those of the driver itself. */
  readonly variantOf?: string;
  /** Part of --quick. */
  readonly quick?: true;
  /** Runs only when it is named. */
  readonly onRequest?: true;
  /** `volatile`: it never syncs. One of ours that does runs only the workloads where that matters. */
  readonly durability: Durability;
  /** No process serves it. */
  readonly inKernel?: true;
  /** It starts from the layers as one tree of this kind (`trees.ts`), which is made while no clock runs. */
  readonly tree?: TreeKind;
  /** The groups of workloads that it runs; all unless told. */
  readonly groups?: readonly string[];
  /** Undefined where it is installed and allowed. */
  findObstacle(): Obstacle | undefined;
  /** Of what is measured; asked only where there is no obstacle. */
  version(): string;
  /** The command that mounts `stack`; undefined for a copy of its tree, which is made while no clock runs. */
  command(stack: Stack): readonly string[] | undefined;
  /** What a report says of the command, where it is more than a program with its options. */
  readonly shown?: string;
  /** The command that undoes the mount. */
  unmountCommand(stack: Stack): readonly string[];
}

/**
 * Why a path cannot stand among mount options and layers, where it cannot: each program has another way to write what separates
 * them, or none.
 */
export function findSeparator(path: string): string | undefined {
  const [found] = /[:,\\"]/.exec(path) ?? [];
  return found === undefined ? undefined : `there is ${found} in it, which mount options have a meaning for`;
}
