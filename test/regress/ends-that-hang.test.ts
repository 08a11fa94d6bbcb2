/**
 * At its own end Node waits for its helpers, which may be waiting for it: one command in some ten thousand stayed for ever. Here
 * something keeps Node from ending at all.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import t from 'tap';
import { programPath } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

const program = join(dirname(programPath), 'strata');

t.test('a command ends when its work is done, whatever Node still waits for', needs('build'), (t) => {
  const path = t.testdir({ 'stay.cjs': 'setInterval(() => undefined, 1000);' });
  const env = {
    ...process.env,
    STRATA_ROOT: join(path, 'data'),
    NODE_OPTIONS: `--require ${path}/stay.cjs`,
  };
  const run = (...words: string[]): unknown => {
    const { status, signal } = spawnSync(program, words, { env, timeout: 120_000 });
    return { status, signal };
  };
  t.strictSame(run('images'), { status: 0, signal: null });
  t.strictSame(run('image', 'inspect', 'none'), { status: 1, signal: null }, 'with its status');
  t.end();
});

t.test('all that was printed is written first, to a reader that is slow', needs('build'), (t) => {
  const path = t.testdir({});
  const strata = `'${program}' --root '${path}/data'`;
  const sh = (line: string): string => spawnSync('sh', ['-c', line], { encoding: 'utf8' }).stdout;
  // More than a pipe holds.
  const label = 'x'.repeat(100_000);
  const labels = ['--label', `a=${label}`, '--label', `b=${label}`];
  spawnSync(program, ['--root', join(path, 'data'), 'volume', 'create', ...labels, 'large']);
  const words = `${strata} volume inspect large`;
  const whole = sh(words);
  t.ok(whole.length > 200_000);
  t.equal(sh(`${words} | (sleep 1; cat)`), whole);
  t.end();
});
