/**
 * `strata cp DIR/. TARGET`, and a tar with an entry for its top, gave a directory that was there the mode, owner and times of
 * the source: /tmp of a container was 0700 then. Docker leaves it as it is.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata, programPath } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('content goes to a directory that is there', needs(...containerNeeds, 'program:tar'), (t) => {
  const { get, root, scratch } = makeStrata(t, (path) => {
    execFileSync('sh', [
      '-c',
      'cd "$1"; mkdir tmp; chmod 1777 tmp; chown 3:4 tmp; touch -d @9 tmp',
      'sh',
      path,
    ]);
    return path;
  });
  const source = scratch.directory('source');
  writeFileSync(`${source}/file`, 'copied');
  chmodSync(source, 0o700);
  get('create', '--name', 'c1', 'base', 'true');
  const facts = (): string => {
    get('cp', 'c1:/tmp', scratch.directory('there'));
    return execFileSync(
      'sh',
      [...['-c', '"$1" cp c1:/tmp - | tar -tv --numeric-owner --utc | head -n 1', 'sh', programPath]],
      { encoding: 'utf8', env: { ...process.env, STRATA_ROOT: root } },
    );
  };
  t.match(facts(), /^drwxrwxrwt 3\/4 .* 1970-01-01 00:00 tmp\/\n$/);
  get('cp', 'source/.', 'c1:/tmp');
  t.match(facts(), /^drwxrwxrwt 3\/4 /);
  t.equal(readFileSync(`${scratch.path}/there/tmp/file`, 'utf8'), 'copied');
  execFileSync('sh', ['-c', 'tar -C source -c . | "$1" cp - c1:/tmp', 'sh', programPath], {
    env: { ...process.env, STRATA_ROOT: root },
    cwd: scratch.path,
  });
  t.match(facts(), /^drwxrwxrwt 3\/4 /, 'from a tar');
  const here = scratch.directory('here');
  chmodSync(here, 0o750);
  get('cp', '-a', 'c1:/tmp/.', 'here');
  t.equal(statSync(here).mode & 0o7777, 0o750, 'here as there');
  t.equal(statSync(here).uid, 0);
  get('cp', '-a', 'c1:/tmp/.', 'new');
  t.equal(statSync(`${scratch.path}/new`).mode & 0o7777, 0o1777, 'one that is made is like its source');
  t.end();
});
