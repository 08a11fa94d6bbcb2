/**
 * `volume import` followed the links that containers had made in the volume, so that one of them could have any file of the
 * machine written by whoever imported an archive. What it leads to in the volume itself may be written; nothing else is.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('an archive for a volume with links', needs(...containerNeeds, 'program:tar'), (t) => {
  const strata = makeStrata(t);
  const { get, run, scratch } = strata;
  const victim = scratch.directory('victim');
  writeFileSync(`${victim}/kept`, 'kept');
  const links = `ln -s ${victim} /v/conf; ln -s ${victim}/kept /v/file; mkdir -m 700 /v/real; ln -s real /v/inner`;
  get('run', '-v', 'v1:/v', 'base', 'sh', '-c', links);
  const content = get('volume', 'inspect', '-f', '{{.Mountpoint}}', 'v1');
  const pack = (name: string, script: string): string => {
    execFileSync('bash', ['-c', `cd "$1"; ${script}`, 'bash', scratch.directory(name)]);
    return `${scratch.path}/${name}/t.tar`;
  };

  const hostile = pack('hostile', 'mkdir conf; echo planted >conf/passwd; tar -cf t.tar conf/passwd');
  t.match(run('volume', 'import', 'v1', hostile), {
    status: 1,
    stderr: /"conf" is there and is no directory/,
  });
  t.match(run('volume', 'import', 'v1', pack('whole', 'mkdir conf; touch conf/x; tar -cf t.tar conf')), {
    status: 1,
    stderr: /is no directory/,
  });
  // It had changed what stood before it in the archive.
  const files = 'mkdir real conf; touch real/a file {1..9}; tar -cf t.tar *';
  t.match(run('volume', 'import', 'v1', pack('half', files)), { status: 1, stderr: /"conf" is there/ });
  t.strictSame(readdirSync(content).sort(), ['conf', 'file', 'inner', 'real']);
  t.ok(lstatSync(`${content}/file`).isSymbolicLink());
  t.strictSame(readdirSync(`${content}/real`), []);
  t.strictSame(readdirSync(victim), ['kept']);

  get('volume', 'import', 'v1', pack('file', 'echo new >file; tar -cf t.tar file'));
  t.ok(lstatSync(`${content}/file`).isFile(), 'a file takes the place of a link');
  t.equal(readFileSync(`${victim}/kept`, 'utf8'), 'kept');

  get('volume', 'import', 'v1', pack('inside', 'mkdir inner; echo a >inner/a; tar -cf t.tar inner/a'));
  t.equal(readFileSync(`${content}/real/a`, 'utf8'), 'a\n', 'a link that leads to a directory of the volume');
  t.equal(lstatSync(`${content}/real`).mode & 0o777, 0o700, 'which stays as it is');

  const torn = pack('torn', 'seq 9999 >new; tar -cf all new; head -c 9999 all >t.tar');
  t.match(run('volume', 'import', 'v1', torn), { status: 1, stderr: /ends in the middle/ });
  t.notOk(existsSync(`${content}/new`), 'one that ends early has changed nothing');
  t.match(strata.feed('', 'volume', 'import', 'v1'), { status: 1, stderr: /there is nothing where a tar/ });
  t.match(run('volume', 'import', 'v1', 'absent.tar'), { status: 1, stderr: /cannot be read \(ENOENT\)/ });
  t.match(run('volume', 'import', 'none', hostile), { status: 1, stderr: /no such volume: none/ });
  t.end();
});
