/**
 * A `strata rm` that was killed, or a loss of power in its midst, left a container whose writable layer was missing: damage
 * that `system check` could not mend.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { containerNeeds, makeStrata, programPath } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

interface Finding {
  readonly code: string;
  readonly mendable: boolean;
}

t.test('the next command ends what a killed rm has begun', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  strata.get('create', '--name', 'large', 'base', 'true');
  const [facts] = JSON.parse(strata.get('inspect', 'large')) as [
    { GraphDriver: { Data: { UpperDir: string } } },
  ];
  const files = `${facts.GraphDriver.Data.UpperDir}/files`;
  mkdirSync(files);
  for (let i = 0; i < 10_000; i++) writeFileSync(`${files}/${String(i)}`, '');
  const removing = spawn(programPath, ['rm', 'large'], {
    env: { ...process.env, STRATA_ROOT: strata.root },
    stdio: 'ignore',
  });
  // It has another name while what is in it goes.
  while (existsSync(files) && removing.exitCode === null) await sleep(1);
  removing.kill('SIGKILL');
  await once(removing, 'exit');
  t.equal(removing.signalCode, 'SIGKILL', 'in its midst');
  const check = (): Finding[] =>
    (JSON.parse(strata.run('system', 'check', '--json').stdout) as { found: Finding[] }).found;
  t.strictSame(
    check().filter(({ mendable }) => !mendable),
    [],
  );
  t.equal(strata.get('ps', '-aq'), '');
  t.strictSame(check(), []);
});
