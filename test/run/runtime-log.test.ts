/** What a runtime has logged: the last error counts, and a line that a full disk has cut short is none. */
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { lastFailure } from '../../src/run/runtime-log.ts';

const told = '{"level":"error","msg":"no such file"}\n';
const table: readonly (readonly [name: string, log: string, failure: string | undefined])[] = [
  ['nothing', '', undefined],
  ['a warning', '{"level":"warning","msg":"odd"}\n', undefined],
  ['errors', `{"level":"error","msg":"first"}\n${told}`, 'no such file'],
  ['a line cut short', '{"level":"error","msg":"no su', undefined],
  ['a line cut short after an error', `${told}{"level":"er`, 'no such file'],
];

for (const [name, log, failure] of table) {
  t.test(name, (t) => {
    const path = `${t.testdir()}/log`;
    writeFileSync(path, log);
    t.equal(lastFailure(path), failure);
    t.end();
  });
}

t.test('no log', (t) => {
  t.equal(lastFailure(`${t.testdir()}/log`), undefined);
  t.end();
});
