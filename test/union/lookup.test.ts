/** Names that an act finds by itself, without a LOOKUP of the client before. Requests of the kernel never do that. */
import { mkdirSync, statSync } from 'node:fs';
import t from 'tap';
import { rootNodeId } from '../../src/base/ids.ts';
import { asName } from '../../src/base/name.ts';
import { Attr } from '../../src/vfs/attr.ts';
import { openEngine } from '../fixtures/engine.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a merged directory keeps the inode number of its top', needs('root', 'build'), async (t) => {
  const path = t.testdir();
  for (const name of ['l0/d', 'l1/d', 'upper', 'work']) mkdirSync(`${path}/${name}`, { recursive: true });
  const { union } = openEngine(path, { lowers: ['l0', 'l1'] });
  t.teardown(() => union.close());
  const caller = { uid: 0, gid: 0, pid: 1, umask: 0, unique: 2 };
  const at = (name: string) => ({ parent: rootNodeId, name: asName(name) });
  await union.rename(caller, at('d'), at('e'), 0);
  const attr = new Attr();
  union.lookup(rootNodeId, asName('e'), attr);
  t.equal(attr.inoHigh * 2 ** 32 + attr.inoLow, statSync(`${path}/l0/d`).ino);
});

t.test(
  'in a hundred small layers the names of a directory are read once, and asked of one layer from then on',
  needs('root', 'build'),
  async (t) => {
    const path = t.testdir();
    const lowers = Array.from({ length: 100 }, (_, i) => `l${String(i)}`);
    for (const name of [...lowers, 'upper', 'work']) mkdirSync(`${path}/${name}`);
    for (const name of ['a', 'b', 'c']) mkdirSync(`${path}/l99/${name}`);
    const { union } = openEngine(path, { lowers });
    t.teardown(() => union.close());
    const attr = new Attr();
    const probes = (): number => {
      const stats = union.getxattr(rootNodeId, asName('user.strata.stats')) as Buffer;
      return (JSON.parse(stats.toString()) as { probes: number }).probes;
    };
    for (const name of ['a', 'b', 'c']) union.lookup(rootNodeId, asName(name), attr);
    t.equal(probes(), 3);
    union.lookup(rootNodeId, asName('absent'), attr);
    t.equal(probes(), 3);
  },
);
