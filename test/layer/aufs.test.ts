import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { aufsWhiteoutName, aufsWhiteoutTarget, isAufsMetadata, isAufsOpaque } from '../../src/layer/aufs.ts';

t.test('whiteouts hide the name behind their prefix', (t) => {
  t.equal(aufsWhiteoutTarget(asName('.wh.file')), 'file');
  t.equal(aufsWhiteoutTarget(asName('.wh..hidden')), '.hidden');
  t.equal(aufsWhiteoutTarget(aufsWhiteoutName(asName('a b'))), 'a b');
  t.end();
});

t.test('metadata hides nothing and is hidden itself', (t) => {
  for (const name of ['.wh..wh..opq', '.wh..wh.plnk', '.wh..wh.aufs', '.wh.']) {
    t.equal(aufsWhiteoutTarget(asName(name)), undefined, name);
    t.ok(isAufsMetadata(asName(name)), name);
  }
  t.ok(isAufsMetadata(asName('.wh.file')));
  t.notOk(isAufsMetadata(asName('.whfile')));
  t.ok(isAufsOpaque(asName('.wh..wh..opq')));
  t.notOk(isAufsOpaque(asName('.wh..wh..opqx')));
  t.end();
});
