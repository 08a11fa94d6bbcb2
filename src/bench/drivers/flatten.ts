/**
 * The tree that a union of layers shows, as a plain directory. Whiteouts and opaque directories mean what they do
 * to a union. It leaves caches as it finds them: they are warm for what was copied.
 */
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../child.ts';
import { isOpaque, isWhiteout } from '../fixtures/hidden.ts';

/** Copies `layers`, topmost first, into the directory `target`. */
export function flatten(layers: readonly string[], target: string): void {
  mkdirSync(target, { recursive: true });
  for (const [index, layer] of layers.toReversed().entries()) {
    // Below the lowest there is nothing to hide.
    const whiteouts = index === 0 ? [] : makeRoom(layer, target);
    run(['cp', '-a', `${layer}/.`, target]);
    for (const path of whiteouts) rmSync(path);
  }
}

/** Removes from `target` what `layer` hides or replaces by another type; where the whiteouts will be that come with it. */
function makeRoom(layer: string, target: string): string[] {
  const whiteouts: string[] = [];
  for (const name of readdirSync(layer)) {
    const [above, below] = [join(layer, name), join(target, name)];
    const upper = lstatSync(above);
    const lower = lstatSync(below, { throwIfNoEntry: false });
    const merges = lower?.isDirectory() === true && upper.isDirectory() && !isOpaque(above);
    if (lower !== undefined && !merges) rmSync(below, { recursive: true });
    if (isWhiteout(upper)) whiteouts.push(below);
    if (upper.isDirectory()) whiteouts.push(...makeRoom(above, below));
  }
  return whiteouts;
}
