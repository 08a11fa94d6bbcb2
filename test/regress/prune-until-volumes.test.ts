/**
 * `system prune --volumes --filter until=24h` removed volumes that were a second old: `until` was asked of containers and
 * images only. Docker refuses the two together.
 */
import t from 'tap';
import { makeStrata } from '../cli/fixtures/strata.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('until and volumes exclude each other', needs(...mountNeeds), async (t) => {
  const { run, get } = makeStrata(t);
  const volume = get('volume', 'create');
  get('create', '--name', 'idle', 'base', 'true');
  const prune = ['system', 'prune', '-f', '--volumes', '--filter'];
  t.match(run(...prune, 'until=24h'), { status: 1, stdout: '', stderr: /"until" filter is not supported/ });
  t.match(run(...prune, 'label=x', '--filter', 'until=0s'), { status: 1, stdout: '' });
  t.equal(get('volume', 'ls', '-q'), volume);
  t.equal(get('ps', '-a', '--format', '{{.Names}}'), 'idle', 'nothing goes before');
  t.match(get(...prune, 'label=x'), /reclaimed space: 0B/);
  t.match(get('system', 'prune', '-f', '--filter', 'until=24h'), /reclaimed space: 0B/);
});
