/**
 * `strata cat`, `tree` and `layers` held the lock of the data root while they wrote: as long as nobody read on, in a pager, no
 * other command could change anything.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { makeStrata, programPath } from '../cli/fixtures/strata.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

/** More than a pipe holds. */
const size = 1 << 20;

t.test('a reader that goes', needs(...mountNeeds), async (t) => {
  const { root } = makeStrata(t, (path) => {
    writeFileSync(`${path}/large`, 'x'.repeat(size));
    return path;
  });
  const { stdout, stderr } = spawnSync('sh', ['-c', '"$0" cat base:/large | head -c 3', programPath], {
    encoding: 'utf8',
    env: { ...process.env, STRATA_ROOT: root },
  });
  t.strictSame([stdout, stderr], ['xxx', '']);
});

t.test('a reader that does not go on', needs(...mountNeeds), async (t) => {
  const { get, root, run } = makeStrata(t, (path) => {
    writeFileSync(`${path}/large`, 'x'.repeat(size));
    mkdirSync(`${path}/many`);
    for (let i = 0; i < 2000; i += 1) writeFileSync(`${path}/many/${'long'.repeat(20)}${String(i)}`, '');
    return path;
  });
  for (const words of [
    ['cat', 'base:/large'],
    ['tree', 'base'],
    ['layers', '--files', 'base'],
  ]) {
    const child = spawn(programPath, words, {
      env: { ...process.env, STRATA_ROOT: root },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.stdout.pause();
    await once(child.stdout, 'readable');
    const renamed = run('tag', 'base', `while-${words[0] ?? ''}`);
    t.equal(renamed.status, 0, words.join(' '));
    if (words[0] === 'cat') get('rmi', 'base');
    let length = 0;
    for await (const chunk of child.stdout) length += (chunk as Buffer).length;
    t.ok(length > 100_000, 'all of it is read');
    if (words[0] === 'cat') {
      t.equal(length, size);
      get('tag', 'while-cat', 'base');
    }
  }
});
