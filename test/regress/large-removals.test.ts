/**
 * The removal of a directory full of whiteouts, which no client waits for, was one piece of work in which no request was
 * answered: a mount stood still for seconds.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { until } from '../cli/fixtures/program.ts';
import { openEngine } from '../fixtures/engine.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { EngineClient } from '../robust/fixtures/engine-client.ts';

const many = 3000;

/** An engine over a directory `large`, all of whose files are removed. */
async function withWhiteouts(t: Test) {
  const scratch = makeScratch(t);
  for (const name of ['lower', 'upper', 'work']) scratch.directory(name);
  const large = `${scratch.path}/lower/large`;
  mkdirSync(large);
  for (let i = 0; i < many; i++) writeFileSync(`${large}/${String(i)}`, '');
  const { union } = openEngine(scratch.path);
  const client = new EngineClient(union);
  for (let i = 0; i < many; i++) await client.unlink(`large/${String(i)}`);
  return { work: `${scratch.path}/work/work`, union, client };
}

/** What lies in the directories of `work`. */
function left(work: string): number {
  const directories = readdirSync(work, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return directories.reduce((sum, { name }) => sum + readdirSync(`${work}/${name}`).length, 0);
}

for (const act of ['rmdir', 'rename'] as const) {
  t.test(`${act}: requests are answered in between`, needs('root', 'build'), async (t) => {
    const { work, union, client } = await withWhiteouts(t);
    client.mkdir('new');
    if (act === 'rmdir') client.rmdir('large');
    else await client.rename('new', 'large');
    const before = left(work);
    t.ok(before > many / 2, String(before));
    client.mkdir('small');
    client.rmdir('small');
    await new Promise((resolve) => setImmediate(resolve));
    const after = left(work);
    t.ok(after < before && after > 0, String(after));
    await until(() => left(work) === 0, 'the removal');
    client.forgetAll();
    await union.close();
    t.strictSame(readdirSync(work), []);
  });
}

t.test('a mount that ends meanwhile leaves nothing', needs('root', 'build'), async (t) => {
  const { work, union, client } = await withWhiteouts(t);
  client.rmdir('large');
  client.forgetAll();
  t.ok(left(work) > 0);
  await union.close();
  t.strictSame(readdirSync(work), []);
});
