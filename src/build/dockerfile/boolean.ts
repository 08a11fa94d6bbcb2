/**
 * Truth as Go reads it (strconv.ParseBool).
 */
const words: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false] as const),
]);

/** undefined for any other word. */
export function findBoolean(text: string): boolean | undefined {
  return words.get(text);
}
