/** The exit status of a command in a container was lost where what the container had could not be taken down at its end. */
import { spawn } from 'node:child_process';
import t from 'tap';
import { until } from '../cli/fixtures/program.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('somebody is in its files', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { run, get } = strata;
  const running = strata.start('run', '--name', 'one', '--rm', 'base', 'sh', '-c', 'sleep 2; exit 7');
  const find = (format: string): string => run('inspect', '-f', format, 'one').stdout.trim();
  await until(() => find('{{.State.Status}}') === 'running', 'the container');
  const there = spawn('sleep', ['1000'], { cwd: find('{{.GraphDriver.Data.MergedDir}}') });
  t.teardown(() => there.kill());
  t.equal(await running.ended, 7, running.output());
  there.kill();
  await until(() => get('ps', '-aq') === '', 'the next commands to take it down');
  t.equal(run('system', 'check').status, 0);
});
