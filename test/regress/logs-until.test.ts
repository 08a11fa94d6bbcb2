/**
 * `logs -f --until MOMENT` showed nothing that came after that moment, but waited for the end of the container all the same.
 * `logs -n -1`, which is the whole log for Docker, was refused.
 */
import t from 'tap';
import { until } from '../cli/fixtures/program.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('the end of a log that is followed', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { run, get } = strata;
  get('run', '-d', '--name', 'one', 'base', 'sh', '-c', 'echo first; echo second; sleep 1000');
  await until(() => get('logs', 'one') === 'first\nsecond', 'it has printed');
  const begin = Date.now();
  const future = strata.start('logs', '-f', '--until', new Date(begin + 3000).toISOString(), 'one');
  t.equal(await future.ended, 0);
  t.ok(Date.now() - begin >= 3000, 'not before');
  t.ok(Date.now() - begin < 60_000, 'and soon after');
  t.equal(future.output(), 'first\nsecond\n');
  t.equal(await strata.start('logs', '-f', '--until', '0s', 'one').ended, 0, 'a moment that has passed');
  t.match(run('logs', '-f', '--until', '1h', 'one'), { status: 0, stdout: '' });
  t.equal(get('ps', '--format', '{{.Names}}'), 'one', 'it runs on');
  for (const count of ['-1', 'all', '2']) t.equal(get('logs', '-n', count, 'one'), 'first\nsecond', count);
  t.equal(get('logs', '--tail=-1', 'one'), 'first\nsecond');
  const following = strata.start('logs', '-f', '--until', new Date(begin + 600_000).toISOString(), 'one');
  await until(() => following.output() === 'first\nsecond\n', 'it shows what there is');
  get('kill', 'one');
  t.equal(await following.ended, 0, 'with the container');
});
