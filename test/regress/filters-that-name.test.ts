/**
 * `ps --filter`: `since` and `before` of a container that is not there listed nothing with status 0, `ancestor` compared the text of
 * names, and `exited=abc` was taken.
 */
import t from 'tap';
import { makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('filters of ps that name things', needs('root', 'build'), async (t) => {
  const { get, run } = makeStrata(t);
  for (const name of ['first', 'second', 'third']) get('create', '--name', name, 'base', 'true');
  const found = (...filters: string[]): string =>
    get('ps', '-a', '--format', '{{.Names}}', ...filters.flatMap((text) => ['-f', text])).replaceAll(
      '\n',
      ' ',
    );
  t.equal(found('since=first'), 'third second');
  t.equal(found('before=/third'), 'second first');
  t.match(run('ps', '-a', '-f', 'since=nope'), { status: 1, stderr: /nope/ });
  t.match(run('ps', '-a', '-f', 'before=nope'), { status: 1, stderr: /nope/ });
  t.match(run('ps', '-a', '-f', 'exited=abc'), { status: 1, stderr: /invalid filter 'exited=abc'/ });
  t.equal(found('NAME=first'), 'first');
  t.equal(found(' name = first '), 'first');
  get('tag', 'base', 'other/x:1');
  t.equal(found('ancestor=other/x:1'), 'third second first', 'another name of the image');
  t.equal(found(`ancestor=${get('images', '-q', 'base')}`), 'third second first');
  get('commit', '-m', 'another', 'first', 'base');
  t.equal(found('ancestor=base'), '', 'the name is that of another image now');
  t.equal(found('ancestor=other/x:1'), 'third second first');
  t.equal(found('ancestor=nobody'), '');
});
