/**
 * What a runtime has logged about itself, apart from what the process in the container prints: a file of JSON lines.
 */
import { readFileSync } from 'node:fs';

/** The last error in the log; undefined where there is none. */
export function lastFailure(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  return text
    .split('\n')
    .map(readEntry)
    .findLast((entry) => entry?.level === 'error')?.msg;
}

/** Undefined for what is none: a line that was cut short where no space was left, say. */
function readEntry(line: string): { readonly level?: string; readonly msg?: string } | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as { level?: string; msg?: string };
  } catch {
    return undefined;
  }
}
