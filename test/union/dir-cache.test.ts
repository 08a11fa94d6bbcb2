/** Descriptors of directories: few, opened again where they must be, and never those of another directory. */
import { mkdirSync, statSync } from 'node:fs';
import t, { type Test } from 'tap';
import type { Fd } from '../../src/base/ids.ts';
import { asName } from '../../src/base/name.ts';
import { createFaultyFs, type FaultyFs } from '../../src/os/faulty-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import type { UnionCore } from '../../src/union/core.ts';
import { RealDir } from '../../src/union/real-dir.ts';
import { openEngine } from '../fixtures/engine.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { snapshotTree } from '../fixtures/tree.ts';
import { EngineClient } from '../robust/fixtures/engine-client.ts';

interface Opened {
  readonly path: string;
  readonly client: EngineClient;
  readonly core: UnionCore;
  readonly faulty: FaultyFs;
}

/** A union whose cache has room for `directories` descriptors. */
function open(t: Test, directories: number, lower: readonly string[]): Opened {
  const { path } = makeScratch(t);
  for (const name of ['upper', 'work', 'lower', ...lower.map((name) => `lower/${name}`)]) {
    mkdirSync(`${path}/${name}`, { recursive: true });
  }
  const faulty = createFaultyFs(new RealFs());
  const { union, core } = openEngine(path, { fs: faulty.fs, limits: { directories } });
  t.teardown(() => union.close());
  return { path, client: new EngineClient(union), core, faulty };
}

const long = (name: string): string => Array.from({ length: 6 }, (_, i) => `${name}${String(i)}`).join('/');

t.test('two descriptors are two directories', needs('root', 'build'), async (t) => {
  const { path, core, faulty } = open(t, 2, [long('a'), long('b')]);
  const lower = core.lowers[0]?.rootDir as RealDir;
  const chain = (name: string): RealDir =>
    name.split('/').reduce((dir, part) => new RealDir(lower.layer, dir, asName(part)), lower);
  const inode = (fd: Fd): number => {
    faulty.fs.statx(fd, asName(''));
    return faulty.fs.stat[0] ?? 0;
  };
  const before = faulty.open.size;
  const names = [long('a'), 'b0/b1', long('b'), 'a0', 'a0/a1'];
  const fds = names.map((name) => core.dirs.fd(chain(name)));
  t.strictSame(
    fds.map(inode),
    names.map((name) => statSync(`${path}/lower/${name}`).ino),
  );
  await Promise.resolve();
  t.ok(faulty.open.size <= before + 2, 'and the limit holds again after the act');
});

for (const directories of [1, 2, 3]) {
  t.test(
    `acts in two deep directories, room for ${String(directories)}`,
    needs('root', 'build'),
    async (t) => {
      const { path, client, faulty } = open(t, directories, [`${long('a')}/dir`, `${long('b')}/dir`]);
      const [a, b] = [long('a'), long('b')];
      const before = faulty.open.size;
      client.create(`${a}/one`);
      client.create(`${b}/two`);
      await client.rename(`${a}/one`, `${b}/moved`);
      await client.rename(`${b}/two`, `${a}/moved`, 0);
      await client.link(`${a}/moved`, `${b}/linked`);
      await client.rename(`${a}/moved`, `${b}/moved`, 2);
      await client.rename(`${a}/dir`, `${b}/dir`, 0);
      client.rmdir(`${b}/dir`);
      client.mkdir(`${a}/dir`);
      const found = [...snapshotTree(new RealFs(), `${path}/upper`).keys()].filter(
        (name) => name.length > 17,
      );
      t.strictSame(found.sort(), [`${a}/dir`, `${a}/moved`, `${b}/dir`, `${b}/linked`, `${b}/moved`]);
      client.forgetAll();
      await Promise.resolve();
      t.ok(faulty.open.size <= before + directories, 'and the limit holds');
    },
  );
}

t.test('a chain longer than the cache', needs('root', 'build'), (t) => {
  const { core, faulty } = open(t, 4, []);
  const upper = core.upper?.rootDir as RealDir;
  let dir = upper;
  const depth = 500;
  for (let i = 0; i < depth; i++) {
    faulty.fs.mkdirat(core.dirs.fd(dir), asName('d'), 0o755);
    dir = new RealDir(upper.layer, dir, asName('d'));
  }
  core.dirs.close();
  const before = faulty.open.size;
  faulty.arm();
  core.dirs.fd(dir);
  t.equal(faulty.calls.filter((name) => name === 'openat2').length, depth);
  t.ok(faulty.open.size <= before + 4, 'what was only passed through is closed at once');
  t.end();
});
