/**
 * The page cache and what the kernel remembers of names, of the whole machine.
 */
import { writeFileSync } from 'node:fs';
import { run } from './child.ts';

/** As root. What is dirty is written first, since it cannot be dropped. */
export function dropCaches(): void {
  run(['sync']);
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}
