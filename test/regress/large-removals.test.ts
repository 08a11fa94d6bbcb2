/**
 * The removal of a directory full of whiteouts, which no client waits for, was one piece of work in which no request was
 * answered: a mount stood still for seconds.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { asName, type Name } from '../../src/base/name.ts';
import type { Fd } from '../../src/base/ids.ts';
import { silentLog } from '../../src/base/log.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { Discards } from '../../src/union/discards.ts';
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

t.test('what fails in the middle does not hold up what comes after it', needs('build'), async (t) => {
  const scratch = makeScratch(t);
  for (const name of ['first', 'second']) {
    scratch.directory(name);
    for (let i = 0; i < 600; i++) writeFileSync(`${scratch.path}/${name}/${String(i)}`, '');
  }
  let calls = 0;
  class Failing extends RealFs {
    override findUnlinkat(dir: Fd, name: Name, flags: number): boolean {
      if ((calls += 1) === 400) throw new TypeError('a fault of ours');
      return super.findUnlinkat(dir, name, flags);
    }
  }
  const work = openSync(scratch.path, 'r') as Fd;
  t.teardown(() => {
    closeSync(work);
  });
  const faults: unknown[] = [];
  const log = { ...silentLog, fault: (_: string, thrown: unknown) => void faults.push(thrown) };
  const discards = new Discards(new Failing(), log, () => work);
  discards.add(asName('first'));
  await until(() => faults.length > 0, 'the fault');
  discards.add(asName('second'));
  await until(() => !existsSync(`${scratch.path}/second`), 'the second removal');
  t.equal(faults.length, 1);
  t.ok(existsSync(`${scratch.path}/first`), 'the mount clears it at its end');
});
