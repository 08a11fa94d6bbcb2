import { readdirSync } from 'node:fs';
import t from 'tap';
import { readChangeSet } from '../../src/layer/change-set.ts';
import { overlayNames } from '../../src/layer/xattr-names.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch } from './fixtures/scratch.ts';

const names = overlayNames(false);

t.test('every kind of change, parents first', needs('root', 'program:setfattr'), (t) => {
  const { fs, dir, sh } = makeScratch(t);
  sh(`mkdir -p plain/sub opaque moved; touch plain/file plain/sub/x new; mknod gone c 0 0; mknod null c 1 3
    ln -s plain link; touch meta opaque/inner; mkdir foreign bad
    setfattr -n trusted.overlay.opaque -v y opaque
    setfattr -n user.fuseoverlayfs.opaque -v y foreign
    setfattr -n trusted.overlay.redirect -v /a/b moved
    setfattr -n trusted.overlay.redirect -v ../a bad
    setfattr -n trusted.overlay.metacopy meta; setfattr -n trusted.overlay.redirect -v other meta
    setfattr -n trusted.overlay.origin plain`);
  const changes = [...readChangeSet(fs, dir, names)];
  t.same(
    changes.map(({ path, kind }) => `${path} ${kind}`),
    [
      'bad redirected-directory',
      'foreign opaque-directory',
      'gone deleted',
      'link added-or-modified',
      'meta metadata',
      'moved redirected-directory',
      'new added-or-modified',
      'null added-or-modified',
      'opaque opaque-directory',
      'opaque/inner added-or-modified',
      'plain directory',
      'plain/file added-or-modified',
      'plain/sub directory',
      'plain/sub/x added-or-modified',
    ],
  );
  const find = (path: string): unknown => changes.find((change) => change.path === path);
  t.match(find('moved'), { redirect: { absolute: true, components: ['a', 'b'] } });
  t.match(find('bad'), { redirect: { invalid: true } });
  t.match(find('meta'), { redirect: { absolute: false, components: ['other'] } });
  t.match(find('plain'), { copiedUp: true });
  t.match(find('new'), { copiedUp: false });
  t.end();
});

t.test('leaving early closes what is open', needs('root'), (t) => {
  const { fs, dir, sh } = makeScratch(t);
  sh('mkdir -p a/b/c/d');
  const before = readdirSync('/proc/self/fd').length;
  for (const change of readChangeSet(fs, dir, names)) if (change.path === 'a/b/c') break;
  t.equal(readdirSync('/proc/self/fd').length, before);
  t.end();
});
