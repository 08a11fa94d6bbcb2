import t from 'tap';
import { tableText } from '../../src/cli/table.ts';

const columns = [{ title: 'NAME' }, { title: 'SIZE', align: 'right' }, { title: 'COMMAND' }] as const;

t.test('columns, without blanks at the ends of lines', async (t) => {
  const rows = [
    ['one', '1', 'a\tb '],
    ['another', '100', ''],
  ];
  t.equal(tableText(columns, rows), 'NAME      SIZE   COMMAND\none          1   a b\nanother    100\n');
});

// Each blank of the padding was tried for the beginning of the end: minutes.
t.test('a very long cell among short ones', async (t) => {
  const long = 'x '.repeat(250_000);
  const text = tableText(
    [{ title: 'A' }, { title: 'B' }],
    [
      [long, 'one'],
      ['short', 'two'],
    ],
  );
  const lines = text.split('\n');
  t.equal(lines[1], `${long}   one`);
  t.equal(lines[2]?.trimEnd().replace(/ +/, ' '), 'short two');
});
