import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { UserError } from '../../src/base/user-error.ts';
import { parseKeys } from '../../src/run/attach.ts';
import { needs } from '../fixtures/needs.ts';
import { until } from './fixtures/program.ts';
import { containerNeeds, makeStrata, programPath } from './fixtures/strata.ts';

t.test('keys as bytes', (t) => {
  t.equal(parseKeys('ctrl-p,ctrl-q').toString('hex'), '1011');
  t.equal(parseKeys('a,ctrl-a,ctrl-@,ctrl-\\,ctrl-],ctrl-_').toString('hex'), '6101001c1d1f');
  for (const text of ['', 'ab', 'ctrl-1', 'a,,b']) t.throws(() => parseKeys(text), UserError, text);
  t.end();
});

t.test('attach and top', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { run, get } = strata;

  await t.test('input, output and exit status', async (t) => {
    const script = 'while read line; do echo "got $line"; echo "not $line" >&2; done; exit 6';
    get('create', '-i', '--name', 'reader', 'base', 'sh', '-c', script);
    get('start', 'reader');
    t.match(strata.feed('one\ntwo\n', 'attach', 'reader'), {
      status: 6,
      stdout: 'got one\ngot two\n',
      stderr: 'not one\nnot two\n',
    });
    t.match(run('attach', 'reader'), { status: 1, stderr: /is not running/ });
    t.match(run('top', 'reader'), { status: 1, stderr: /is not running/ });
    get('start', 'reader');
    t.match(
      strata.feed('three\n', 'start', '-ai', 'reader'),
      { status: 6, stdout: 'got three\n' },
      'start -a joins one that runs',
    );
  });

  await t.test('input that was let run stays open', async (t) => {
    get(
      'run',
      '-d',
      '-i',
      '--name',
      'open',
      'base',
      'sh',
      '-c',
      'while read line; do echo "got $line"; done',
    );
    t.equal(get('inspect', '--format', '{{.Config.StdinOnce}}', 'open'), 'false');
    for (const word of ['one', 'two']) {
      const env = { ...process.env, STRATA_ROOT: strata.root };
      // The end of standard input comes at once.
      const client = spawn(programPath, ['attach', 'open'], { env, stdio: ['pipe', 'ignore', 'ignore'] });
      client.stdin.end(`${word}\n`);
      await until(() => get('logs', 'open').endsWith(`got ${word}`), 'it has read that');
      client.kill('SIGKILL');
      await once(client, 'exit');
    }
    t.equal(get('ps', '--format', '{{.Names}}'), 'open');
    get('rm', '-f', 'open');
  });

  await t.test('signals go to the container, and its processes are listed', async (t) => {
    const script = 'trap "echo bye; exit 4" TERM; while :; do echo tick; sleep 0.1; done';
    get('run', '-d', '--name', 'looper', 'base', 'sh', '-c', script);
    const [titles, ...lines] = get('top', 'looper', '-o', 'pid,args', '-A').split('\n');
    t.match(titles, /^ *PID COMMAND/);
    t.ok(lines.length >= 1 && lines.every((line) => /trap|sleep/.test(line)), lines.join('\n'));
    t.match(get('container', 'top', 'looper'), /^UID +PID .*\n.*trap/);
    t.match(run('top', 'looper', '-o', 'args'), { status: 1, stderr: /no column PID/ });
    get('pause', 'looper');
    t.match(run('attach', 'looper'), { status: 1, stderr: /is paused/ });
    get('unpause', 'looper');
    const attached = strata.start('attach', '--no-stdin', 'looper');
    await until(() => attached.output().includes('tick'), 'it is attached');
    process.kill(attached.pid, 'SIGTERM');
    t.equal(await attached.ended, 4);
    t.match(attached.output(), /^(tick\n)+bye\n$/);
  });

  await t.test('keys leave a terminal alone', async (t) => {
    get('run', '-d', '-i', '-t', '--name', 'shell', 'base', 'sh');
    const env = { ...process.env, STRATA_ROOT: strata.root };
    const line = `${programPath} attach --detach-keys x,ctrl-a shell; echo left $?`;
    const input = 'x\u0001';
    const out = execFileSync('script', ['-qec', line, '/dev/null'], { encoding: 'utf8', env, input });
    t.match(out, /left 0/);
    t.match(run('exec', 'shell', 'echo', 'still here'), { stdout: 'still here\n' });
    t.match(run('attach', 'shell'), { status: 1, stderr: /not a TTY/ });
  });
});
