/**
 * A container that was started under the umask 077: places for its mounts, and its own files in /etc, were for root alone. What a
 * person exports is still theirs alone.
 */
import { statSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a container under another umask', needs(...containerNeeds), (t) => {
  const { run, scratch } = makeStrata(t);
  const source = scratch.directory('source');
  const output = `${scratch.path}/volume.tar`;
  const before = process.umask(0o077);
  t.teardown(() => process.umask(before));
  const places = ['/made/for/bind', '/made/for/volume', '/work/here'];
  const listed = ['/made', '/made/for', ...places, '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];
  const mounts = ['-v', `${source}:/made/for/bind`, '-v', 'data:/made/for/volume', '-w', '/work/here'];
  const seen = run('run', '--rm', '-u', '33', ...mounts, 'base', 'stat', '-c', '%a %n', ...listed);
  t.match(seen, { status: 0, stderr: '' });
  const expected = listed.map((path) => `${path.startsWith('/etc') ? '644' : '755'} ${path}`);
  t.strictSame(seen.stdout.trim().split('\n'), expected);
  t.match(run('volume', 'export', '-o', output, 'data'), { status: 0 });
  t.equal(statSync(output).mode & 0o777, 0o600);
  t.end();
});
