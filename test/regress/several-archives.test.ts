/** What ADD takes for an archive: with a pattern that names several none was unpacked, and at a FIFO it waited for ever. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('each archive that a pattern names is unpacked', needs(...mountNeeds), (t) => {
  const builder = makeBuilder(t);
  for (const name of ['one', 'two']) {
    mkdirSync(builder.context(name));
    writeFileSync(builder.context(`${name}/file`), name);
    const words = ['--owner=5', '--group=6', '-czf', `${name}.tgz`, name];
    execFileSync('tar', words, { cwd: builder.context('.') });
  }
  const files = { 'plain.tgz': 'no archive', Dockerfile: 'FROM scratch\nADD *.tgz /app/\n' };
  const { status, stderr } = builder.build(files, '-t', 'built');
  t.equal(status, 0, stderr);
  t.equal(builder.cat('built', '/app/one/file'), 'one');
  t.equal(builder.cat('built', '/app/two/file'), 'two');
  t.equal(builder.cat('built', '/app/plain.tgz'), 'no archive');
  const tar = `${builder.path}/tar`;
  builder.strata(['export', '-o', tar, 'built']);
  const listing = execFileSync('tar', ['-tvf', tar, '--numeric-owner'], { encoding: 'utf8' });
  t.match(listing, /5\/6 .*app\/two\/file/, 'with its owners');
  t.match(listing, /0\/0 .*app\/plain\.tgz/);
  t.end();
});

t.test('a FIFO is none', needs(...mountNeeds), (t) => {
  const builder = makeBuilder(t);
  execFileSync('mkfifo', [builder.context('pipe')]);
  const { status, stderr } = builder.build({ Dockerfile: 'FROM scratch\nADD pipe /app/\n' }, '-t', 'built');
  t.equal(status, 0, stderr);
  const tar = `${builder.path}/tar`;
  builder.strata(['export', '-o', tar, 'built']);
  t.match(execFileSync('tar', ['-tvf', tar], { encoding: 'utf8' }), /^p.* app\/pipe$/m);
  t.end();
});
