/**
 * A context that the data root lies in (`strata --root ./data build .`) was copied with the data root, the build's own
 * unfinished layers with it, and ended with ENOENT. It is no part of the context, whatever .dockerignore says.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('the data root is left out of the context', needs(...containerNeeds), async (t) => {
  const { scratch, run, get } = makeStrata(t);
  mkdirSync(`${scratch.path}/ctx`);
  const context = (name: string, content: string) => {
    writeFileSync(`${scratch.path}/${name}`, content);
  };
  context('file', 'f');
  for (const ignored of ['', '*.o\n!x.o\n']) {
    context('.dockerignore', `base\n${ignored}`);
    context(
      'Dockerfile',
      [
        'FROM base',
        'COPY . /all',
        'COPY * /top/',
        'RUN --mount=type=bind,target=/ctx test -e /ctx/file && test ! -e /ctx/data',
      ].join('\n'),
    );
    const { status, stderr } = run('build', '-t', 'built', '.');
    t.equal(status, 0, stderr);
    t.equal(get('cat', 'built:/all/file'), 'f');
    t.notMatch(get('tree', 'built'), /\bdata\b/);
  }
  context('Dockerfile', 'FROM base\nCOPY data /data');
  const { status, stderr } = run('build', '.');
  t.equal(status, 1);
  t.match(stderr, /Dockerfile:2: .*"data"/);
});
