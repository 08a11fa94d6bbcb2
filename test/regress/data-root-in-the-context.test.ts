/**
 * A context that the data root lies in (`strata --root ./data build .`) was copied with the data root, the build's own
 * unfinished layers with it, and ended with ENOENT. It is no part of the context, whatever .dockerignore says. By way of a link it was,
 * and where the context was the data root itself.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';
import { removeRunRoot } from '../store/fixtures/stage.ts';

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

t.test('by way of a link', needs(...containerNeeds), (t) => {
  const { scratch, root, run, get } = makeStrata(t);
  const context = scratch.directory('context');
  mkdirSync(`${context}/lib`);
  writeFileSync(`${context}/lib/file`, 'f');
  for (const [name, target] of [
    ['plain', 'lib'],
    ['link', 'data'],
    ['deep', 'link/overlay2'],
    ['here', '.'],
  ] as const)
    symlinkSync(target, `${context}/${name}`);
  const build = (copy: string, at = context, from = `${context}/data`): string => {
    writeFileSync(`${scratch.path}/Dockerfile`, `FROM base\n${copy}`);
    return run('--root', from, 'build', '-t', 'built', '-f', `${scratch.path}/Dockerfile`, at).stderr;
  };
  const tree = (): string => get('--root', `${context}/data`, 'tree', 'built');
  t.teardown(() => {
    removeRunRoot(`${context}/data`);
    return Promise.resolve();
  });
  get('--root', `${context}/data`, 'import', `${scratch.path}/base`, 'base');

  const refusal = /is no part of the context: the data root or the run root lies there/;
  for (const source of ['link', 'link/', 'link/image', 'deep', 'here/data', 'here/link'])
    t.match(build(`COPY ${source} /all/`), refusal, source);
  t.match(build('RUN --mount=type=bind,source=link,target=/mnt true'), refusal);
  build('COPY l* /all/');
  t.match(tree(), /\bfile\b/);
  t.notMatch(tree(), /overlay2/);
  symlinkSync('context', `${scratch.path}/way`);
  build('COPY . /all/\nCOPY here /here/\nCOPY plain /plain/', `${scratch.path}/way`);
  t.equal(get('--root', `${context}/data`, 'cat', 'built:/plain/file'), 'f');
  t.equal(get('--root', `${context}/data`, 'cat', 'built:/here/lib/file'), 'f');
  t.notMatch(tree(), /overlay2/);

  symlinkSync(root, `${scratch.path}/root`);
  for (const [at, from] of [
    [root, root],
    [`${scratch.path}/root`, root],
    [root, `${scratch.path}/root`],
  ] as const)
    t.match(build('COPY . /all/', at, from), refusal, at);
  t.equal(
    run('build', '-f', `${scratch.path}/Dockerfile`, context).status,
    0,
    'it is no part of another one',
  );
  t.end();
});
