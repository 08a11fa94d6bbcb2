/** `exec -dt`: what is let run in a container has a terminal, which somebody empties, though nobody sees it. */
import { readdirSync } from 'node:fs';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { processesNaming } from '../fixtures/processes.ts';
import { until } from './fixtures/program.ts';
import { containerNeeds, makeStrata } from './fixtures/strata.ts';

t.test('a terminal of nobody', needs(...containerNeeds), async (t) => {
  const { run, get } = makeStrata(t);
  const { runRoot } = JSON.parse(get('info', '--json')) as { runRoot: string };
  const id = get('run', '-d', '--name', 'one', 'base', 'sleep', '1000');
  const holders = (): number => processesNaming('--exec-process-spec', runRoot).length;
  const isThere = (path: string): boolean => run('exec', 'one', 'stat', path).status === 0;

  // More than a terminal holds that nobody reads.
  const printing = 'for i in {1..3000}; do echo 0123456789012345678901234567890123456789; done';
  const telling = `[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && ${printing} && echo $TERM $A $(id -u) > /tmp/done`;
  const options = ['-e', 'A=b', '-u', 'app'];
  get('exec', 'one', 'chmod', '777', '/tmp');
  t.match(run('exec', '-dit', ...options, 'one', 'sh', '-c', telling), { status: 0, stdout: '', stderr: '' });
  await until(() => isThere('/tmp/done'), 'all is printed');
  t.equal(get('exec', 'one', 'cat', '/tmp/done'), 'xterm b 1000');
  await until(() => holders() === 0, 'who held it has ended');

  t.match(run('exec', '-dt', 'one', 'absent'), {
    status: 127,
    stderr: /^strata: .*cannot be started.*absent/,
  });
  t.match(run('exec', '-dt', 'one', '/tmp'), { status: 126, stderr: /^strata: .*cannot be started/ });
  t.match(run('exec', '-it', 'one', 'true'), { status: 1, stderr: /not a TTY/ }, 'nobody types there');
  await until(() => holders() === 0, 'nobody holds what has not begun');
  const left = readdirSync(`${runRoot}/bundles/${id}`).filter((name) => name.startsWith('exec-'));
  t.strictSame(left, []);

  get('exec', '-dt', 'one', 'sleep', '1000');
  await until(() => holders() === 1, 'it is held');
  get('stop', '-t', '0', 'one');
  await until(() => holders() === 0, 'it ends with the container');
  t.match(run('exec', '-dt', 'one', 'true'), { status: 1, stderr: /not running/ });
});
