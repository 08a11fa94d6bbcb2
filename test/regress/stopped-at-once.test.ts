/**
 * `strata stop A B C` gave each container its ten seconds only when the one before had ended: thirty in all. `restart` and `rm -f`
 * and `kill` took turns as well. Docker acts on all at the same time; what is printed is in order.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { until } from '../cli/fixtures/program.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('several containers', needs(...containerNeeds), async (t) => {
  const { get, run } = makeStrata(t);
  const names = ['a1', 'b1', 'c1'];
  // Of which none heeds the signal.
  const deaf = "trap '' TERM; echo ready; while :; do sleep 1; done";
  for (const name of names) get('run', '-d', '--name', name, 'base', 'sh', '-c', deaf);
  const areReady = (count: number): boolean =>
    names.every((name) => get('logs', name).split('\n').length === count);
  await until(() => areReady(1), 'they heed nothing');
  const took = (...args: string[]): number => {
    const begin = Date.now();
    t.equal(get(...args), names.join('\n'), args.join(' '));
    return Date.now() - begin;
  };
  t.ok(took('restart', '-t', '8', ...names) < 3 * 8000);
  await until(() => areReady(2), 'they heed nothing once more');
  t.ok(took('stop', '-t', '8', ...names) < 3 * 8000);
  t.equal(get('ps', '-q'), '');
  get('start', 'a1', 'c1');
  t.match(run('stop', '-t', '0', 'a1', 'absent', 'c1'), {
    status: 1,
    stdout: 'a1\nc1\n',
    stderr: /^strata: [^\n]*absent[^\n]*\n$/,
  });
  get('start', 'a1', 'c1');
  t.match(run('rm', 'a1', 'b1', 'b1', 'absent'), {
    status: 1,
    stdout: 'b1\n',
    stderr: /^strata: You cannot remove [^\n]+\nstrata: [^\n]*b1[^\n]*\nstrata: [^\n]*absent[^\n]*\n$/,
  });
  t.match(run('rm', '-f', 'a1', 'absent', 'c1'), { status: 0, stdout: 'a1\nc1\n' });
  t.equal(get('ps', '-aq'), '');
});

t.test('signals to several', needs(...containerNeeds), (t) => {
  const { get, run, scratch } = makeStrata(t);
  const [runtime, signals] = [`${scratch.path}/slow`, `${scratch.path}/signals`];
  // Each waits for the others, or ten seconds.
  const others = `for i in $(seq 100); do [ $(grep -c begun ${signals}) -ge 3 ] && break; sleep 0.1; done`;
  const slow = `if [ "$3" = kill ]; then echo begun >>${signals}; ${others}; echo sent >>${signals}; fi`;
  writeFileSync(runtime, `#!/bin/sh\n${slow}\nexec runc "$@"\n`, { mode: 0o755 });
  for (const name of ['a1', 'b1', 'c1'])
    get('run', '-d', '--name', name, '--runtime', runtime, 'base', 'sleep', '1000');
  t.match(run('kill', 'a1', 'absent', 'b1', 'c1'), {
    status: 1,
    stdout: 'a1\nb1\nc1\n',
    stderr: /^strata: [^\n]*absent[^\n]*\n$/,
  });
  t.equal(readFileSync(signals, 'utf8'), `${'begun\n'.repeat(3)}${'sent\n'.repeat(3)}`);
  t.end();
});
