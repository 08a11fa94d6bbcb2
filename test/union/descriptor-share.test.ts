/** The caches of several mounts of one process, which have less the more there are. */
import { mkdirSync } from 'node:fs';
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { createFaultyFs } from '../../src/os/faulty-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { DirCache } from '../../src/union/dir-cache.ts';
import { RealDir } from '../../src/union/real-dir.ts';
import { openEngine } from '../fixtures/engine.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { DescriptorShare } from '../../src/union/descriptor-share.ts';

t.test('each mount that comes makes the part of all smaller, and each that goes larger', (t) => {
  const share = new DescriptorShare(4096);
  const fitted: string[] = [];
  const leaves = ['a', 'b', 'c', 'd'].map((name) =>
    share.join(() => fitted.push(`${name}${String(share.part)}`)),
  );
  t.equal(share.part, 0.5);
  t.strictSame(fitted.slice(-4), ['a0.5', 'b0.5', 'c0.5', 'd0.5'], 'all of them are told');
  for (const leave of leaves.slice(1)) leave();
  t.equal(share.part, 1, 'never more than what a mount can use');
  t.end();
});

t.test('a cache of directories closes what is too much by then', needs('root', 'build'), async (t) => {
  const { path } = makeScratch(t);
  const names = Array.from({ length: 60 }, (_, i) => `d${String(i)}`);
  for (const name of ['upper', 'work', ...names.map((name) => `lower/${name}`)]) {
    mkdirSync(`${path}/${name}`, { recursive: true });
  }
  const faulty = createFaultyFs(new RealFs());
  const { union, core } = openEngine(path, { fs: faulty.fs });
  t.teardown(() => union.close());
  const lower = core.lowers[0]?.rootDir as RealDir;
  let part = 1;
  const cache = new DirCache(faulty.fs, 100, () => part);
  t.teardown(() => {
    cache.close();
  });
  const before = faulty.open.size;
  for (const name of names) cache.fd(new RealDir(lower.layer, lower, asName(name)));
  t.equal(faulty.open.size - before, 60);
  part = 0.3;
  cache.fit();
  await Promise.resolve();
  t.equal(faulty.open.size - before, 30);
  part = 0.01;
  cache.fd(new RealDir(lower.layer, lower, asName('d0')));
  await Promise.resolve();
  t.equal(faulty.open.size - before, 16, 'but always has enough for one act');
});
