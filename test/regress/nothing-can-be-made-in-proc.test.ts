/**
 * Node's recursive mkdir goes on for ever where the kernel answers ENOENT below a directory that is there, as procfs does: commands
 * given such a path took a whole processor, and only SIGKILL ended them.
 */
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { containerNeeds, makeStrata, programPath } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a path in /proc is refused', needs(...containerNeeds), (t) => {
  const { root, scratch } = makeStrata(t);
  for (const [words, status] of [
    [['--root', '/proc/x', 'images'], 1],
    [['--root', '/proc/x', '--driver', 'vfs', 'images'], 1],
    [['--run-root', '/proc/x', 'images'], 1],
    [['--run-root', '/proc/x', 'run', '--rm', 'base', 'true'], 125],
    [['run', '--rm', '-v', '/proc/x:/x', 'base', 'true'], 125],
    [['mount', 'base', scratch.directory('mount'), '--upper', '/proc/x'], 1],
    [['bench', '--scratch', '/proc/x', '--only', 'mount', '--drivers', 'plain'], 1],
  ] as const) {
    const done = spawnSync(programPath, words, {
      ...{ encoding: 'utf8', timeout: 120_000, killSignal: 'SIGKILL' },
      env: { ...process.env, STRATA_ROOT: root },
    });
    t.match(done, { status, stderr: /^strata: .*\/proc\/x.*ENOENT.*: .*\n$/ }, words.join(' '));
  }
  t.end();
});
