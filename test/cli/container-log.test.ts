/**
 * The log of a container, where Docker has it and as Docker writes it, by a process that may be late, or killed.
 */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { until } from './fixtures/program.ts';
import { containerNeeds, makeStrata } from './fixtures/strata.ts';

/** The processes that write the logs of a data root. */
function writersOf(root: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const [program = '', log = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return program.endsWith('/json-log') && log.startsWith(`${root}/`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

t.test('the log of a container', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { run, get } = strata;
  const pathOf = (name: string): string => get('inspect', '--format', '{{.LogPath}}', name);
  const entriesOf = (name: string): { log: string; stream: string; time: string }[] =>
    readFileSync(pathOf(name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { log: string; stream: string; time: string });
  const theWriter = (): number => {
    const [pid, ...others] = writersOf(strata.root);
    if (pid === undefined || others.length > 0) throw new Error('there is not one writer');
    return pid;
  };
  /** Prints a line, waits for the file /go, prints another one, and exits with 3. */
  const script = 'echo first; while [ ! -e /go ]; do sleep 0.05; done; echo last; exit 3';

  await t.test('is where Docker has it, in its format', (t) => {
    const id = get(
      'create',
      '--name',
      'plain',
      'base',
      'sh',
      '-c',
      String.raw`printf 'é <\377>\n'; echo no >&2`,
    );
    t.equal(get('logs', 'plain'), '', 'nothing was printed yet');
    get('start', '-a', 'plain');
    t.equal(pathOf('plain'), `${strata.root}/containers/${id}/${id}-json.log`);
    t.equal(get('inspect', '--format', '{{.HostConfig.LogConfig.Type}}', 'plain'), 'json-file');
    const [out, err] = entriesOf('plain').sort((a, b) => (a.stream > b.stream ? -1 : 1));
    t.match(out, { log: 'é <\ufffd>\n', stream: 'stdout', time: /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}Z$/ });
    t.match(err, { log: 'no\n', stream: 'stderr' });
    t.ok(Math.abs(Date.parse(out?.time ?? '') - Date.now()) < 60_000, 'the time is that of Greenwich');
    t.strictSame(
      get('logs', '--json', 'plain')
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
      entriesOf('plain'),
    );
    t.match(run('logs', '-t', 'plain'), { stdout: `${out?.time ?? ''} é <\ufffd>\n`, stderr: / no\n$/ });
    get('rm', 'plain');
    t.end();
  });

  await t.test('is complete for who looks when the container has ended', async (t) => {
    get('run', '-d', '--name', 'late', 'base', 'sh', '-c', script);
    await until(() => entriesOf('late').length === 1, 'the first line');
    t.equal(get('logs', 'late'), 'first', 'one that runs is not waited for');
    const writer = theWriter();
    process.kill(writer, 'SIGSTOP');
    const [following, waiting] = [strata.start('logs', '-f', 'late'), strata.start('wait', 'late')];
    get('exec', 'late', 'touch', '/go');
    await waiting.ended;
    t.equal(waiting.output(), '3\n');
    const looking = strata.start('logs', 'late');
    const isOver = await Promise.race([
      looking.ended.then(() => true),
      following.ended.then(() => true),
      sleep(1000).then(() => false),
    ]);
    t.notOk(isOver, 'both wait');
    process.kill(writer, 'SIGCONT');
    await Promise.all([looking.ended, following.ended]);
    t.equal(looking.output(), 'first\nlast\n');
    t.equal(following.output(), 'first\nlast\n');
    get('rm', 'late');
  });

  await t.test('ends with its writer, and the container does not', async (t) => {
    get('run', '-d', '--name', 'unlogged', 'base', 'sh', '-c', script);
    await until(() => entriesOf('unlogged').length === 1, 'the first line');
    process.kill(theWriter(), 'SIGKILL');
    get('exec', 'unlogged', 'touch', '/go');
    t.equal(get('wait', 'unlogged'), '3');
    t.equal(get('logs', 'unlogged'), 'first');
    t.match(run('start', '-a', 'unlogged'), { status: 3, stdout: 'first\nlast\n' });
    t.equal(get('logs', 'unlogged'), 'first\nfirst\nlast', 'the next run has a writer again');
    get('rm', 'unlogged');
  });

  await t.test('has no half lines after a crash', (t) => {
    get('run', '--name', 'torn', 'base', 'echo', 'once');
    appendFileSync(pathOf('torn'), `{"log":"${'x'.repeat(200_000)}`);
    t.equal(get('logs', 'torn'), 'once');
    get('start', '-a', 'torn');
    t.match(entriesOf('torn'), [{ log: 'once\n' }, { log: 'once\n' }]);
    get('rm', 'torn');
    t.end();
  });

  await t.test('is shown from a moment on, and up to one', (t) => {
    get('create', '--name', 'timed', 'base', 'true');
    const secondsAgo = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();
    const [old, recent] = [secondsAgo(7200), secondsAgo(60)];
    const times = ['2026-01-02T03:04:05.123456789Z', old, recent];
    const lines = times.map((time, at) => ({ log: `${String(at)}\n`, stream: 'stdout', time }));
    writeFileSync(pathOf('timed'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const shown = (...options: string[]): string => get('logs', ...options, 'timed').replaceAll('\n', '');
    t.equal(shown('--since', '3h'), '12');
    t.equal(shown('--since', '1h30m'), '2');
    t.equal(shown('--since', old), '12', 'that moment is within');
    t.equal(shown('--until', '1767323045.2'), '0', 'seconds since 1970');
    t.equal(shown('--until', old), '0', 'that moment is not');
    t.equal(shown('--since', '2026-01-02T03:04:06+00:00', '--until', '5m'), '1');
    t.equal(shown('--until', '5m', '-n', '1'), '1');
    t.match(run('logs', '--since', 'now', 'timed'), { status: 1, stderr: /'now' is invalid.*10m/ });
    get('rm', 'timed');
    t.end();
  });

  await t.test('leaves no writer', async (t) => {
    t.match(run('run', '--name', 'failed', 'base', 'absent'), { status: 127 });
    get('run', '-d', '--name', 'removed', 'base', 'sh', '-c', script);
    theWriter();
    get('rm', '-f', 'removed', 'failed');
    await until(() => writersOf(strata.root).length === 0, 'the end of the writers');
  });
});
