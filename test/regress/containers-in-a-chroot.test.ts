/** `cp` and `exec` took the directory to which the first process of a container had changed its root for that of the container. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { until } from '../cli/fixtures/program.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { copyProgram } from '../fixtures/copy-program.ts';
import { needs } from '../fixtures/needs.ts';
import { makeSmallRoot } from '../run/fixtures/small-root.ts';

t.test('the root of a container stays what it is', needs(...containerNeeds), async (t) => {
  const { get, scratch } = makeStrata(t, (path) => {
    copyProgram(makeSmallRoot(path), '/usr/sbin/chroot', '/bin/chroot');
    const jail = `${path}/jail/deep`;
    mkdirSync(`${jail}/bin`, { recursive: true });
    copyProgram(jail, '/usr/bin/sleep', '/bin/sleep');
    return path;
  });
  get(
    'run',
    '-d',
    '--name',
    'jailed',
    'base',
    'sh',
    '-c',
    'echo here > /mark; exec chroot /jail/deep sleep 1000',
  );
  await until(() => get('exec', 'jailed', 'readlink', '/proc/1/root') === '/jail/deep', 'the chroot');
  const copy = `${scratch.path}/copy`;
  get('cp', 'jailed:/mark', copy);
  t.equal(readFileSync(copy, 'utf8'), 'here\n');
  writeFileSync(copy, 'brought\n');
  get('cp', copy, 'jailed:/tmp/brought');
  t.equal(get('exec', 'jailed', 'cat', '/tmp/brought'), 'brought');
  t.equal(get('exec', '-u', 'app', 'jailed', 'id', '-u'), '1000', 'accounts are those of the container');
});
