/**
 * `stop`, `restart` and `wait` took a container for ended whose conmon was killed, and left it running; `rm -f` of one that was
 * just being started asked for `rm -f`, and `stop` of it did nothing. A process that had the number of a conmon that was gone made its
 * container run for ever.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { until } from '../cli/fixtures/program.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a container whose conmon was killed', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { get, run } = strata;
  // The first process of a container heeds no signal that it has no handler for.
  const id = get('run', '-d', '--name', 'one', 'base', 'sleep', '1000');
  const { runRoot } = JSON.parse(get('info', '--json')) as { runRoot: string };
  const killConmon = (): void => {
    process.kill(Number(readFileSync(`${runRoot}/bundles/${id}/conmon.pid`, 'utf8')), 'SIGKILL');
  };
  const pid = (): string => get('inspect', '--format', '{{.State.Pid}}', 'one');
  const first = pid();
  killConmon();
  const waiting = strata.start('wait', 'one');
  t.match(run('restart', '-t', '1', 'one'), { status: 0, stdout: 'one\n' });
  t.not(pid(), first);
  t.equal(await waiting.ended, 0);
  t.equal(waiting.output(), '255\n');
  killConmon();
  t.match(run('stop', '-t', '0', 'one'), { status: 0, stdout: 'one\n' });
  t.equal(get('ps', '-q'), '');
});

t.test(
  'a container whose conmon has died, and left its number to another process',
  needs(...containerNeeds),
  (t) => {
    const { get, run } = makeStrata(t);
    const id = get('run', '-d', '--name', 'one', 'base', 'sleep', '1000');
    const { runRoot } = JSON.parse(get('info', '--json')) as { runRoot: string };
    const note = `${runRoot}/bundles/${id}/conmon.pid`;
    process.kill(Number(readFileSync(note, 'utf8')), 'SIGKILL');
    writeFileSync(note, String(process.pid));
    process.kill(Number(get('inspect', '--format', '{{.State.Pid}}', 'one')), 'SIGKILL');
    t.match(run('wait', 'one'), { status: 0, stdout: '255\n' });
    t.equal(get('ps', '-q'), '');
    t.end();
  },
);

t.test('a container that is just being started', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { get, run, scratch } = strata;
  const begun = `${scratch.path}/begun`;
  const slow = `case " $* " in *" create "*) echo >>${begun}; sleep 2;; esac`;
  writeFileSync(`${scratch.path}/slow`, `#!/bin/sh\n${slow}\nexec runc "$@"\n`, { mode: 0o755 });
  writeFileSync(begun, '');
  get('create', '--name', 'one', '--runtime', './slow', 'base', 'sleep', '1000');
  for (const [turn, words] of [
    ['stop', '-t', '0', 'one'],
    ['rm', '-f', 'one'],
  ].entries()) {
    const starting = strata.start('start', 'one');
    await until(() => readFileSync(begun, 'utf8').length > turn, 'it is being started');
    t.match(run(...words), { status: 0, stdout: 'one\n' }, words.join(' '));
    t.equal(await starting.ended, 0);
    t.equal(get('ps', '-q'), '');
  }
  t.equal(get('ps', '-aq'), '');
});
