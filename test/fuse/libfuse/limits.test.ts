/** Each reason for which a case is limited stands in the notes, and each that stands there limits one. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { reasons } from '../../conformance/fixtures/libfuse-limits.ts';

t.test('native-notes/fuse-native.md', async (t) => {
  const notes = readFileSync(new URL('../../../native-notes/fuse-native.md', import.meta.url), 'utf8');
  const rows = [...notes.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
  t.strictSame(rows, reasons);
});
