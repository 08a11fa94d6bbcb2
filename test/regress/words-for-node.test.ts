/**
 * Node looks for `--env-file` in all words before `--`, those behind the name of its program, too: `strata run app node --env-file
 * .env` read that file on the host, and NODE_OPTIONS in it loaded code.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { programPath } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

t.test('an env file of somebody else is not for Node', needs('build', 'program:setsid'), (t) => {
  const path = t.testdir({
    'load.cjs': "require('node:fs').appendFileSync(`${__dirname}/loaded`, 'x')",
  });
  const file = join(path, 'env');
  writeFileSync(file, `NODE_OPTIONS=--require ${path}/load.cjs\n`);
  for (const words of [
    ['strata', 'run', 'app', 'node', '--env-file', file],
    ['strata', `--env-file=${file}`, 'version'],
    ['stratafs', '--version', `--env-file=${file}`],
    ['stratafs', '--env-file', file, join(path, 'tree')],
  ]) {
    const [name = '', ...rest] = words;
    const env = { ...process.env, STRATA_ROOT: join(path, 'data') };
    spawnSync(join(dirname(programPath), name), rest, { env });
    t.notOk(existsSync(join(path, 'loaded')), words.join(' '));
  }
  t.end();
});

t.test('an option behind the image is the command’s', needs(...containerNeeds), (t) => {
  const { get } = makeStrata(t);
  t.equal(get('run', '--rm', 'base', 'echo', '--env-file', '.env'), '--env-file .env');
  t.end();
});
