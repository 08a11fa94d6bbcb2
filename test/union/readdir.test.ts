/** Listings by READDIR, whose entries are looked up only where their inode number is not known. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import t, { type Test } from 'tap';
import { rootNodeId } from '../../src/base/ids.ts';
import { asName } from '../../src/base/name.ts';
import type { Union } from '../../src/union/union.ts';
import { Attr } from '../../src/vfs/attr.ts';
import { openEngine } from '../fixtures/engine.ts';
import { needs } from '../fixtures/needs.ts';

function open(path: string): Union {
  const { union } = openEngine(path);
  return union;
}

/** Names of the root with their inode numbers. */
function list(union: Union): Map<string, number> {
  const entries = new Map<string, number>();
  union.readdir(rootNodeId, 0, {
    hasRoom: () => true,
    add: (name, low, high) => void entries.set(name, high * 2 ** 32 + low),
    nextAttr: () => new Attr(),
    addPlus: () => undefined,
  });
  return entries;
}

function stage(test: Test, script: string): string {
  const path = test.testdir();
  execFileSync('/bin/sh', ['-ec', `mkdir lower upper work; ${script}`], { cwd: path });
  return path;
}

t.test('a damaged entry takes no other with it', needs('root', 'build', 'program:setfattr'), async (test) => {
  const path = stage(
    test,
    `touch upper/a upper/c; truncate -s 5 upper/b; setfattr -n trusted.overlay.metacopy upper/b
    setfattr -n trusted.overlay.impure -v y upper`,
  );
  const union = open(path);
  test.throws(() => union.lookup(rootNodeId, asName('b'), new Attr()), { code: 'EIO' });
  test.strictSame([...list(union).keys()].sort(), ['.', '..', 'a', 'b', 'c']);
  await union.close();
});

t.test('entries of the root keep their numbers over a remount', needs('root', 'build'), async (test) => {
  const path = stage(test, 'touch lower/f');
  const { ino } = statSync(`${path}/lower/f`);
  const caller = { uid: 0, gid: 0, pid: 1, umask: 0, unique: 2 };
  let union = open(path);
  const link = { parent: rootNodeId, name: asName('g') };
  await union.rename(caller, { parent: rootNodeId, name: asName('f') }, link, 0);
  await union.close();
  union = open(path);
  test.equal(list(union).get('g'), ino);
  await union.close();
});
