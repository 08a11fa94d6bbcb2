/**
 * How much work there was, told by the layers themselves. They may be anybody's, with whiteouts and opaque
 * directories in them: exact is only what the topmost layer adds, which nothing hides.
 */
import { run } from '../child.ts';

/** How many entries below `root` pass find(1)'s tests. */
export function countEntries(root: string, tests: readonly string[] = []): number {
  return run(['find', root, '-mindepth', '1', ...tests, '-printf', '.']).length;
}

/**
 * Names below the layers' roots, relative, each once; some may be hidden by the layers above theirs. Throws
 * when there is none.
 */
export function layerNames(lowers: readonly string[]): readonly string[] {
  const names = lowers.flatMap((lower) =>
    run(['find', lower, '-mindepth', '1', '-printf', '%P\\0']).split('\0').slice(0, -1),
  );
  if (names.length === 0) throw new Error(`no names in ${lowers.join(', ')}`);
  return [...new Set(names)];
}

/** How many entries the topmost layer makes visible. */
export function countTopmost(lowers: readonly string[]): number {
  return Math.max(1, countEntries(lowers[0] ?? '', ['!', '-type', 'c']));
}
