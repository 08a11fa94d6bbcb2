/** A container with `--rm` that `strata mount` shows when it ends: it stayed, also when that was taken off. */
import { existsSync, readdirSync } from 'node:fs';
import t from 'tap';
import { until } from '../cli/fixtures/program.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('it goes with the first command after that', needs(...containerNeeds), async (t) => {
  const { scratch, root, get } = makeStrata(t);
  const { runRoot } = JSON.parse(get('info', '--json')) as { runRoot: string };
  const place = scratch.directory('place');
  get('run', '-d', '--rm', '--name', 'shown', '-v', '/data', 'base', 'sh', '-c', 'sleep 60');
  get('mount', 'shown', place);
  try {
    get('kill', 'shown');
    await until(() => get('ps', '-a').includes('Exited'), 'the end');
    t.equal(get('ps', '-a', '--format', '{{.Names}}'), 'shown', 'it stays while it is shown');
    t.ok(existsSync(`${place}/bin`));
  } finally {
    get('umount', place);
  }
  t.equal(get('ps', '-aq'), '');
  t.equal(get('volume', 'ls', '-q'), '');
  t.strictSame(readdirSync(`${runRoot}/bundles`), []);
  t.strictSame(readdirSync(`${root}/containers`), []);
});
