/** Ids on disk and as clients see them, both ways. */
import t from 'tap';
import { aclAccess, aclTag, formatAcl, parseAcl } from '../../src/layer/acl.ts';
import { asName } from '../../src/base/name.ts';
import { IdMap, IdMaps, type IdRules } from '../../src/union/id-map.ts';
import { Attr } from '../../src/vfs/attr.ts';
import type { SetAttr } from '../../src/vfs/file-system.ts';

const overflow = 65534;
const keepId: IdRules = {
  ranges: [
    { disk: 0, shown: 1, length: 1001 },
    { disk: 1001, shown: 0, length: 1 },
    { disk: 1002, shown: 1002, length: 64535 },
  ],
  squash: undefined,
  overflow,
};
const itself: IdRules = { ranges: [], squash: undefined, overflow };

t.test('each range leads both ways, to its last id', async (t) => {
  const map = new IdMap(keepId);
  const pairs = [
    [0, 1],
    [1000, 1001],
    [1001, 0],
    [1002, 1002],
    [65536, 65536],
  ] as const;
  for (const [disk, shown] of pairs) {
    t.equal(map.shown(disk), shown);
    t.equal(map.findOnDisk(shown), disk);
  }
});

t.test('what has no entry', async (t) => {
  const map = new IdMap(keepId);
  t.equal(map.shown(65537), overflow);
  t.equal(map.findOnDisk(65537), undefined);
  t.equal(map.makerOnDisk(65537), overflow);
  t.throws(() => map.getOnDisk(65537), { code: 'EINVAL' });
  t.equal(map.newOwner(undefined), undefined);
});

t.test('a squashed map shows one owner, and does not mind who is asked for', async (t) => {
  const map = new IdMap({ ...keepId, squash: 7 });
  t.equal(map.ownerShown(3), 7);
  t.equal(map.shown(3), 4, 'lists name whom they named');
  t.equal(map.newOwner(4), 3);
  t.equal(map.newOwner(65537), undefined);
});

t.test('a map of users alone leaves groups as they are', async (t) => {
  const maps = new IdMaps({ users: keepId, groups: itself });
  const attr = new Attr();
  attr.uid = 1001;
  attr.gid = 1001;
  maps.show(attr);
  t.same([attr.uid, attr.gid], [0, 1001]);
  const nothing: SetAttr = {
    mode: undefined,
    uid: undefined,
    gid: undefined,
    size: undefined,
    atime: undefined,
    mtime: undefined,
    killPriv: true,
  };
  t.equal(maps.changeOnDisk(nothing), nothing);
  t.match(maps.changeOnDisk({ ...nothing, uid: 0, gid: 70000, mode: 0o600 }), {
    uid: 1001,
    gid: 70000,
    mode: 0o600,
  });
  t.throws(() => maps.changeOnDisk({ ...nothing, uid: 70000 }), { code: 'EINVAL' });
});

t.test('lists name other ids, and keep the rest', async (t) => {
  const maps = new IdMaps({ users: keepId, groups: itself });
  const entry = (tag: number, id: number) => ({ tag, perm: 5, id });
  const none = 0xffffffff;
  const named = [entry(aclTag.userObj, none), entry(aclTag.user, 1001), entry(aclTag.group, 1001)];
  const onDisk = formatAcl([...named, entry(aclTag.mask, none)]);
  const shown = maps.valueShown(aclAccess, onDisk);
  t.same(
    parseAcl(shown)?.map(({ id }) => id),
    [none, 0, 1001, none],
  );
  t.same(maps.valueOnDisk(aclAccess, shown), onDisk);
  t.equal(maps.valueShown(asName('user.other'), onDisk), onDisk);
  t.throws(() => maps.valueOnDisk(aclAccess, formatAcl([entry(aclTag.user, 70000)])), { code: 'EINVAL' });
  t.same(maps.valueOnDisk(aclAccess, Buffer.from('no list')), Buffer.from('no list'));
});
