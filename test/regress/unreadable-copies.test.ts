/** What `cp`, `cat` and `export` may not read, or write, was told by a bare error of the system. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { programPath } from '../cli/fixtures/strata.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

t.test('copies of what may not be read', needs('root', 'build', 'program:setpriv'), (t) => {
  const scratch = makeScratch(t);
  const [root, tree, out] = ['root', 'tree', 'out'].map((name) => scratch.directory(name)) as [
    string,
    string,
    string,
  ];
  const env = { ...process.env, STRATA_ROOT: root, STRATA_RUN_ROOT: scratch.directory('run') };
  const run = (before: readonly string[], args: readonly string[]): SpawnSyncReturns<string> =>
    spawnSync('env', [...before, programPath, ...args], { encoding: 'utf8', env, cwd: scratch.path });
  /** Root, but no more than the owner of what is its own. */
  const limited = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];
  const refused = (...args: string[]): string => {
    const { status, stderr } = run(limited, args);
    t.equal(status, 1, args.join(' '));
    return stderr;
  };
  for (const name of ['etc/closed/in', 'srv']) mkdirSync(`${tree}/${name}`, { recursive: true });
  for (const name of ['srv/file', 'srv/open', 'etc/closed/in/file'])
    writeFileSync(`${tree}/${name}`, 'x', { mode: name === 'srv/open' ? 0o644 : 0o600 });
  chmodSync(`${tree}/etc/closed`, 0o700);
  for (const name of ['srv/file', 'etc/closed', 'etc/closed/in/file']) chownSync(`${tree}/${name}`, 5, 60);
  t.equal(run([], ['--driver', 'vfs', 'import', tree, 'base']).status, 0);
  t.equal(run([], ['create', '--name', 'one', 'base', 'true']).status, 0);

  const hint = ': take a user who may read all of it, root above all\n';
  const unreadable = (path: string): string => `strata: no permission to read ${path}${hint}`;
  t.equal(refused('cp', 'one:/srv/file', '-'), unreadable('file of the tree'));
  t.equal(refused('cp', 'one:/etc/closed/.', '-'), unreadable('what leads to /etc/closed/.'));
  t.equal(refused('cp', 'one:/etc', '-'), unreadable('etc/closed of the tree'));
  t.equal(refused('cp', 'one:/etc/closed/in/file', '-'), unreadable('what leads to /etc/closed/in/file'));
  t.equal(refused('export', 'base', '-o', 'tar'), unreadable('etc/closed of the tree'));
  t.equal(refused('cat', 'base:/srv/file'), unreadable('/srv/file'));
  t.equal(refused('cp', 'one:/srv/file', out), unreadable('/srv/file'));
  t.equal(refused('cp', 'one:/etc/.', out), unreadable('/etc/closed'));
  t.equal(refused('cp', 'one:/etc/closed/.', out), unreadable('what leads to /etc/closed/.'));
  t.equal(refused('cp', `${tree}/etc/`, 'one:/tmp'), unreadable(`${tree}/etc/closed`));

  chownSync(out, 5, 60);
  const unwritable = `strata: no permission to write to ${out} (EACCES): take a user who may, root above all\n`;
  t.equal(refused('cp', 'one:/srv/open', out), unwritable);
  t.equal(run([], ['cp', 'one:/srv/open', out]).status, 0);
  t.equal(readFileSync(`${out}/open`, 'utf8'), 'x');
  t.end();
});
