/** `volume ls --filter name=^data$` found nothing: it looked for the text in the name, where `ps` and Docker take an expression. */
import t from 'tap';
import { makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('volumes by an expression', needs('root', 'build'), async (t) => {
  const { get } = makeStrata(t);
  for (const name of ['data', 'data-2', 'my.data']) get('volume', 'create', name);
  const found = (...filters: string[]): string =>
    get('volume', 'ls', '-q', ...filters.flatMap((text) => ['-f', `name=${text}`])).replaceAll('\n', ' ');
  t.equal(found('^data$'), 'data');
  t.equal(found('^data'), 'data data-2');
  t.equal(found('y.d'), 'my.data');
  t.equal(found('ata-', '^my'), 'data-2 my.data');
  t.equal(found('(data'), '', 'what is no expression is a part of a name');
});
