/** ADD of an archive with access control lists failed where the file system of the data root has none. tar(1) and Docker go on. */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeStage, mountBtrfs } from '../store/fixtures/stage.ts';

t.test('lists without a place for them', needs(...mountNeeds, 'program:mkfs.btrfs'), (t) => {
  const disk = mountBtrfs(makeStage(t));
  execFileSync('mount', ['-o', 'remount,noacl', disk]);
  const builder = makeBuilder(t, undefined, disk);
  const script = 'cd "$1"; mkdir d; echo a >d/a; echo b >b; setfacl -dm u:9:r d; setfacl -m u:9:r d/a b';
  const tree = builder.directory('tree');
  execFileSync('sh', ['-ec', script, 'sh', tree]);
  execFileSync('tar', ['--acls', '--xattrs', '-cf', builder.context('a.tar'), '-C', tree, 'd', 'b']);
  const { status, stderr } = builder.build({ Dockerfile: 'FROM scratch\nADD a.tar /\n' }, '-t', 'built');
  t.equal(status, 0, stderr);
  t.match(stderr, /system\.posix_acl_default, system\.posix_acl_access/);
  t.equal(stderr.match(/posix_acl_default/g)?.length, 1, 'it is told once');
  t.equal(builder.cat('built', '/d/a'), 'a\n');
  t.equal(builder.cat('built', '/b'), 'b\n');
  t.end();
});
