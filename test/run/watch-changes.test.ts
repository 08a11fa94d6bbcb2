import { writeFileSync } from 'node:fs';
import t from 'tap';
import { watchChanges } from '../../src/run/watch-changes.ts';

t.test('a change wakes everybody, and so does the end', async (t) => {
  const path = t.testdir({ file: '' });
  const changes = watchChanges(path);
  const both = Promise.all([changes.next(), changes.next()]);
  writeFileSync(`${path}/file`, 'x');
  await both;
  const last = changes.next();
  changes.close();
  await last;
});

t.test('where nobody tells one looks now and then', async (t) => {
  const changes = watchChanges(`${t.testdir({})}/absent`);
  await changes.next();
  await changes.next();
  changes.close();
});

t.test('nothing gathers while one waits', async (t) => {
  const warnings: string[] = [];
  const note = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', note);
  const changes = watchChanges(t.testdir({}), 1);
  for (let turn = 0; turn < 50; turn += 1) await changes.next();
  changes.close();
  // They are told at the next turn of the loop.
  await new Promise((resolve) => setTimeout(resolve, 10));
  process.off('warning', note);
  t.strictSame(warnings, []);
});
