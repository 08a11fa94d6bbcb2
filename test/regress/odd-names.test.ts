/**
 * Data roots and build contexts whose names have a meaning in some language on the way, mount options, a shell, patterns; a
 * data root that was moved. A name that is no UTF-8 was taken for another one, and a data root was made at that.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { makeStage } from '../store/fixtures/stage.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const program = fileURLToPath(new URL('../../bin/strata', import.meta.url));
const needed = needs(...mountNeeds, 'program:runc', 'program:conmon');

t.test('odd names', needed, async (t) => {
  const builder = makeBuilder(t);
  const base = `${builder.path}/base.tar`;
  t.equal(builder.strata(['export', '-o', base, 'base']).status, 0);
  for (const name of ['a b', 'a:b', 'a,b', 'a\\b', 'a\nb', '-dash', `q'"$x`, '*?[x]', '%41']) {
    await t.test(JSON.stringify(name), async (t) => {
      const { path } = makeStage(t);
      const place = `${path}/${name}`;
      const context = `${place}/context`;
      mkdirSync(`${context}/${name}`, { recursive: true });
      writeFileSync(`${context}/${name}/${name}`, 'odd');
      writeFileSync(`${context}/Dockerfile`, 'FROM base\nCOPY . /all\nRUN echo made > /made\n');
      // Relative: a name that begins with a dash stands alone.
      const strata = (...words: readonly string[]): string => {
        const { status, stdout, stderr } = spawnSync(program, [`--root=${name}/root`, ...words], {
          cwd: path,
          encoding: 'utf8',
        });
        t.equal(status, 0, `${words.join(' ')}: ${stderr}`);
        return stdout;
      };
      strata('import', base, 'base');
      strata('build', '-t', 'built', '--', `${name}/context`);
      const look = ['run', '--rm', 'built', 'cat', `/all/${name}/${name}`, '/made'];
      t.equal(strata(...look), 'oddmade\n');
      strata('run', '--name', 'one', '-v', 'vol:/data', 'built', 'sh', '-c', 'echo kept > /data/file');
      strata('cp', `one:/all/${name}/${name}`, `${place}/copied`);
      t.equal(execFileSync('cat', [`${place}/copied`], { encoding: 'utf8' }), 'odd');
      renameSync(`${place}/root`, `${path}/moved`);
      mkdirSync(place, { recursive: true });
      renameSync(`${path}/moved`, `${place}/root`);
      t.equal(strata('run', '--rm', '--volumes-from', 'one', 'built', 'cat', '/data/file'), 'kept\n');
      t.equal(strata('system', 'check'), 'nothing is wrong\n');
    });
  }
});

t.test('a data root that was moved', needed, async (t) => {
  const builder = makeBuilder(t);
  const Dockerfile = 'FROM base\nRUN echo 1 > /made\n';
  t.equal(builder.build({ Dockerfile }, '-t', 'built').status, 0);
  const script = 'echo kept > /data/file; echo own > /own';
  const first = ['run', '--name', 'one', '-v', 'vol:/data', 'built', 'sh', '-c', script];
  t.equal(builder.strata(first).status, 0);
  const moved = makeStage(t).root;
  renameSync(builder.root, moved);
  const strata = (...words: readonly string[]): string => {
    const { status, stdout, stderr } = builder.strata(['--root', moved, ...words]);
    t.equal(status, 0, `${words.join(' ')}: ${stderr}`);
    return stdout;
  };
  t.equal(strata('system', 'check'), 'nothing is wrong\n');
  strata('start', '-a', 'one');
  strata('commit', 'one', 'committed');
  const look = ['cat', '/made', '/own', '/data/file'];
  t.equal(strata('run', '--rm', '-v', 'vol:/data', 'committed', ...look), '1\nown\nkept\n');
  strata('rm', 'one');
  t.equal(strata('system', 'check'), 'nothing is wrong\n');
  t.notOk(readdirSync(builder.path).includes('root'), 'nothing is made where it was');
});

t.test('names that are no UTF-8', needs('build'), async (t) => {
  const { path } = makeStage(t);
  const strata = (script: string) =>
    spawnSync('/bin/bash', ['-c', script, 'sh', program], { cwd: path, encoding: 'utf8' });
  for (const script of [
    String.raw`exec "$1" --root $'a\377b' images`,
    String.raw`mkdir $'c\377'; cd $'c\377'; exec "$1" --root here images`,
    String.raw`STRATA_ROOT=$PWD/$'a\377b' exec "$1" images`,
  ]) {
    const { status, stderr } = strata(script);
    t.match([status, stderr], [1, /^strata: .* is not UTF-8: /], script);
  }
  t.equal(readdirSync(path).length, 1, 'nothing is made but what the test has made');
});
