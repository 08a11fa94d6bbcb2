/**
 * A builder that was killed left the command of its RUN running for ever, and the next command waited a minute for its
 * mount. A container whose `strata run` was killed before it was let go stayed where it was, and its mount with it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import t from 'tap';
import { containerNeeds, makeStrata, programPath } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';
import { processesNaming } from '../fixtures/processes.ts';
import { mountPointsBelow } from '../store/fixtures/stage.ts';

const needed = needs(...containerNeeds);

t.test('the command of a builder that was killed ends with the next command', needed, async (t) => {
  const strata = makeStrata(t);
  const context = strata.scratch.directory('context');
  writeFileSync(`${context}/Dockerfile`, `FROM base\nRUN : ${context}; echo begun; sleep 1000; :\n`);
  const builder = spawn(programPath, ['build', context], {
    env: { ...process.env, STRATA_ROOT: strata.root },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for await (const line of createInterface(builder.stderr)) if (line === 'begun') break;
  strata.get('images');
  t.ok(processesNaming(`: ${context};`).length > 0, 'not while its builder lives');
  builder.kill('SIGKILL');
  await once(builder, 'exit');
  const before = Date.now();
  strata.get('images');
  t.ok(Date.now() - before < 30_000, 'nobody waits for it');
  t.strictSame(processesNaming(`: ${context};`), []);
  t.strictSame(mountPointsBelow(strata.scratch.path), []);
  const { runRoot } = JSON.parse(strata.get('info', '--json')) as { runRoot: string };
  t.strictSame(
    ['bundles', 'runtime'].flatMap((name) => readdirSync(`${runRoot}/${name}`)),
    [],
  );
});

t.test('a container that nobody has let go ends with the next command', needed, async (t) => {
  const strata = makeStrata(t);
  const runtime = `${strata.scratch.path}/runtime`;
  writeFileSync(
    runtime,
    '#!/bin/sh\nfor word; do [ "$word" = start ] && kill -9 $PPID && exit 1; done\nexec runc "$@"\n',
    { mode: 0o755 },
  );
  const { status } = strata.run('run', '--rm', '--runtime', runtime, 'base', 'sleep', '1000');
  t.equal(status, null, 'it was killed');
  t.equal(strata.get('ps', '-aq'), '');
  t.strictSame(mountPointsBelow(strata.scratch.path), []);
  t.strictSame(readdirSync(`${strata.root}/containers`), []);
});
