/** `exec -t` where there is no terminal here: the command has one, and what it prints there comes out of our pipe. */
import { existsSync, readdirSync } from 'node:fs';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { processesNaming } from '../fixtures/processes.ts';
import { until } from './fixtures/program.ts';
import { containerNeeds, makeStrata } from './fixtures/strata.ts';

t.test('a terminal where there is none here', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { run, get } = strata;
  const { runRoot } = JSON.parse(get('info', '--json')) as { runRoot: string };
  const id = get('run', '-d', '--name', 'one', 'base', 'sleep', '1000');
  const holders = (): number => processesNaming('--exec-process-spec', runRoot).length;
  const left = (): string[] =>
    readdirSync(`${runRoot}/bundles/${id}`).filter((name) => name.startsWith('exec-'));

  const telling = '[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo $TERM $A $(id -u); echo wrong >&2; exit 5';
  t.match(run('exec', '-t', '-e', 'A=b', '-u', 'app', 'one', 'sh', '-c', telling), {
    ...{ status: 5, stdout: 'xterm b 1000\r\nwrong\r\n', stderr: '' },
  });
  t.match(run('exec', '-t', 'one', 'sh', '-c', 'kill -9 $$'), { status: 137 });
  t.match(run('exec', '-t', 'one', 'absent'), { status: 127, stdout: '', stderr: /^strata: .*absent/ });
  t.match(run('exec', '-t', 'one', '/tmp'), { status: 126, stderr: /^strata: .*cannot be started/ });
  t.match(strata.feed('typed', 'exec', '-t', 'one', 'echo', 'shown'), { status: 0, stdout: 'shown\r\n' });
  t.match(run('exec', '-it', 'one', 'true'), { status: 1, stderr: /not a TTY/ }, 'nobody types there');

  for (let i = 0; i < 10; i++)
    t.match(run('exec', '-t', 'one', 'echo', String(i)), { stdout: `${String(i)}\r\n` });
  const printing = 'for i in {1..5000}; do echo $i 0123456789012345678901234567890123456789; done';
  const lines = get('exec', '-t', 'one', 'sh', '-c', printing).split('\r\n');
  t.equal(lines.length, 5000, 'all of it');
  t.match(lines.at(-1), /^5000 /);
  await until(() => holders() === 0, 'who held it has ended');
  t.strictSame(left(), []);

  const watching = strata.start(
    'exec',
    '-t',
    'one',
    'sh',
    '-c',
    'echo begun; while [ ! -e /go ]; do sleep 0.05; done; echo done > /done; sleep 1000',
  );
  await until(() => watching.output() === 'begun\r\n', 'it is there');
  t.strictSame(left(), [], 'nothing is left by one that is killed');
  process.kill(watching.pid, 'SIGKILL');
  await watching.ended;
  get('exec', 'one', 'touch', '/go');
  await until(() => run('exec', 'one', 'stat', '/done').status === 0, 'it goes on');
  t.equal(holders(), 1);

  const ending = strata.start('exec', '-t', 'one', 'sleep', '1000');
  await until(() => holders() === 2, 'it has begun');
  get('stop', '-t', '0', 'one');
  t.equal(await ending.ended, 137, 'it ends with the container');
  await until(() => holders() === 0, 'all have ended');
  await until(() => !existsSync(`${runRoot}/bundles/${id}`), 'its bundle has gone');
  t.match(run('exec', '-t', 'one', 'true'), { status: 1, stderr: /not running/ });
});
