/**
 * Standard output that cannot be written, a full disk, say: commands ended with a stack, and `export` left its mount behind. They
 * say so in a line, and take away what they have made.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata, programPath } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a full standard output', needs(...containerNeeds), async (t) => {
  const { root, get, scratch } = makeStrata(t);
  get('create', '--name', 'one', 'base', 'true');
  const full = openSync('/dev/full', 'w');
  t.teardown(() => {
    closeSync(full);
  });
  const commands = [
    ['images'],
    ['inspect', 'base'],
    ['tree', 'base'],
    ['cat', 'base:/bin/true'],
    ['export', 'base'],
    ['export', 'one'],
    ['cp', 'one:/bin', '-'],
    ['ps', '-a'],
  ];
  for (const words of commands) {
    const { status, stderr } = spawnSync(programPath, words, {
      env: { ...process.env, STRATA_ROOT: root },
      cwd: scratch.path,
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    t.equal(status, 1, words.join(' '));
    t.match(stderr, /^strata: .+\n$/, words.join(' '));
    if (words[1] !== 'one') t.match(stderr, /standard output cannot be written \(ENOSPC\)/, words.join(' '));
    t.notOk(readFileSync('/proc/self/mountinfo', 'latin1').includes(`${root}/`), words.join(' '));
  }
});
