/**
 * Where `strata cp` puts a file: a link under the name given was replaced, while `docker cp` writes where it leads, and what
 * was mounted from a file in a container that did not run became a new file beside that one.
 */
import { lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('cp to its place', needs(...containerNeeds), (t) => {
  const { get, run, scratch } = makeStrata(t);
  const shared = scratch.directory('shared');
  const file = `${scratch.path}/file`;
  writeFileSync(`${shared}/source`, 'before\n');
  writeFileSync(file, 'copied\n');
  const links =
    'mkdir /real; ln -s ../real/one /tmp/link; ln -s /real/two /new; ln -s /none/x /lost; ln -s loop /loop';
  get('run', '--name', 'box', '-v', `${shared}/source:/etc/target`, 'base', 'sh', '-c', links);
  for (const path of ['/tmp/link', '/new', '/etc/target']) get('cp', file, `box:${path}`);
  t.equal(
    get('diff', 'box').match(/\/real\/(one|two)/g)?.length,
    2,
    'links are followed, as they lead inside',
  );
  t.match(run('cp', file, 'box:/lost'), { status: 1, stderr: /directory of \/lost is not there/ });
  t.equal(run('cp', file, 'box:/loop').status, 1);
  t.strictSame(readdirSync(shared), ['source']);
  t.equal(readFileSync(`${shared}/source`, 'utf8'), 'copied\n');
  symlinkSync('here', `${scratch.path}/link`);
  get('cp', 'box:/real/one', `${scratch.path}/link`);
  t.ok(lstatSync(`${scratch.path}/link`).isSymbolicLink());
  t.equal(readFileSync(`${scratch.path}/here`, 'utf8'), 'copied\n', 'here as there');
  t.end();
});
