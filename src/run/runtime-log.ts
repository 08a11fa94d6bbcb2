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
  const lines = text.split('\n').filter((line) => line.startsWith('{'));
  const entries = lines.map((line) => JSON.parse(line) as { level?: string; msg?: string });
  return entries.findLast(({ level }) => level === 'error')?.msg;
}
