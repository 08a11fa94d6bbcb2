import { existsSync, readdirSync } from 'node:fs';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { until } from './fixtures/program.ts';
import { containerNeeds, makeStrata } from './fixtures/strata.ts';

t.test('a run root of its own', needs(...containerNeeds), async (t) => {
  const { scratch, run, get } = makeStrata(t);
  // Sockets have paths of 107 bytes at most.
  const runRoot = scratch.directory(`run-${'long'.repeat(20)}`);
  const { runRoot: own } = JSON.parse(get('--run-root', runRoot, 'info', '--json')) as { runRoot: string };
  t.ok(own.startsWith(`${runRoot}/`));
  t.equal(run('info', '--json', '--run-root', 'relative').status, 0);
  t.ok(existsSync(`${scratch.path}/relative`));

  get('--run-root', runRoot, 'run', '-d', '--name', 'it', 'base', 'sh', '-c', 'sleep 1000');
  t.ok(existsSync(`${own}/bundles`));
  t.match(get('--run-root', runRoot, 'ps'), /Up .* it$/m);
  t.equal(get('--run-root', runRoot, 'exec', 'it', 'echo', 'in'), 'in');
  get('--run-root', runRoot, 'kill', 'it');
  // conmon's exit command has found the same run root.
  await until(() => readdirSync(`${own}/bundles`).length === 0, 'the end');
  t.match(get('--run-root', runRoot, 'ps', '-a'), /Exited \(137\)/);
});
