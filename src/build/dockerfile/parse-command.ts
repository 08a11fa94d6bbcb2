/**
 * The two forms of a command or list: a JSON array of strings, taken as it is, or text. What only looks like
 * an array is text, as Docker has it, and gets a warning.
 */
import type { Command } from './instruction.ts';

/** The strings of a JSON array; undefined for any other text. */
export function findJsonList(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isStringList(value) ? value : undefined;
}

/** A command; an empty array is the exec form with no words. */
export function parseCommand(text: string): Command {
  const argv = findJsonList(text.trim());
  return argv === undefined ? { form: 'shell', text } : { form: 'exec', argv };
}

/** What to say of a text that was probably meant as an array; undefined for others. */
export function findJsonWarning(text: string): string | undefined {
  const trimmed = text.trim();
  if (!/^\[.*\]$/s.test(trimmed) || findJsonList(trimmed) !== undefined || /^\[\s|^\[\[/.test(trimmed)) {
    return undefined;
  }
  const mended = trimmed.replaceAll("'", '"').replace(/,\s*\]$/, ']');
  const hint = findJsonList(mended) === undefined ? '' : `: write ${mended}`;
  return `this is no JSON array of strings, so it is a text for the shell${hint}`;
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
