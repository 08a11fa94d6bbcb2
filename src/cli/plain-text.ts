/**
 * Text that a terminal shows and does nothing else with: names in a layer are whatever a stranger chose, and a control
 * character may clear the screen, change its title or hide what stands beside it.
 */

/** All control characters but tabs: C0, DEL, C1. */
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;

/** Control characters as `\n` or `\x1b`; tabs stay. */
export function plainText(text: string): string {
  return text.replaceAll(control, (char) =>
    char === '\n' ? '\\n' : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
