/** Names that an act finds by itself, without a LOOKUP of the client before. Requests of the kernel never do that. */
import { mkdirSync, statSync } from 'node:fs';
import t from 'tap';
import { rootNodeId } from '../../src/base/ids.ts';
import { silentLog } from '../../src/base/log.ts';
import { asName } from '../../src/base/name.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { openUnion } from '../../src/union/open-union.ts';
import { Attr } from '../../src/vfs/attr.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a merged directory keeps the inode number of its top', needs('root', 'build'), async (t) => {
  const path = t.testdir();
  for (const name of ['l0/d', 'l1/d', 'upper', 'work']) mkdirSync(`${path}/${name}`, { recursive: true });
  const { union } = openUnion(
    {
      lowers: [asName(`${path}/l0`), asName(`${path}/l1`)],
      dataLayers: [],
      upper: { dir: asName(`${path}/upper`), work: asName(`${path}/work`) },
    },
    {
      fs: new RealFs(),
      log: silentLog,
      features: {
        userxattr: false,
        metacopy: true,
        redirectDir: 'on',
        index: true,
        sync: false,
        volatile: false,
        aufs: false,
      },
      clone: () => undefined,
    },
  );
  t.teardown(() => union.close());
  const caller = { uid: 0, gid: 0, pid: 1, umask: 0, unique: 2 };
  const at = (name: string) => ({ parent: rootNodeId, name: asName(name) });
  await union.rename(caller, at('d'), at('e'), 0);
  const attr = new Attr();
  union.lookup(rootNodeId, asName('e'), attr);
  t.equal(attr.inoHigh * 2 ** 32 + attr.inoLow, statSync(`${path}/l0/d`).ino);
});
