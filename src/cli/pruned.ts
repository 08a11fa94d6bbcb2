/** What a `prune` has removed, as it is told. */
import { printLines } from './print.ts';
import { sizeText } from './units.ts';

export interface Pruned {
  /** What was removed, a line each. */
  readonly lines: readonly string[];
  /** That it took up. */
  readonly bytes: number;
}

export function reportPruned(pruned: readonly Pruned[]): void {
  const bytes = pruned.reduce((sum, part) => sum + part.bytes, 0);
  printLines([...pruned.flatMap(({ lines }) => lines), `Total reclaimed space: ${sizeText(bytes)}`]);
}
