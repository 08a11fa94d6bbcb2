import { readdirSync, statSync } from 'node:fs';
import t from 'tap';
import { fsError } from '../../src/base/fs-error.ts';
import type { ErrnoCode } from '../../src/base/errno.ts';
import { asName } from '../../src/base/name.ts';
import { isWhiteoutStat, isXattrWhiteout, WhiteoutMaker } from '../../src/layer/whiteout.ts';
import { overlayNames } from '../../src/layer/xattr-names.ts';
import type { HostFs } from '../../src/os/host-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch, type Scratch } from './fixtures/scratch.ts';

const names = overlayNames(false);

function isWhiteout(scratch: Scratch, path: string): boolean {
  scratch.fs.statx(scratch.dir, asName(path));
  return isWhiteoutStat(scratch.fs.stat);
}

/** The same file system, whose `linkat` fails with each of `codes` in turn, then works. */
function withFailingLinks(fs: HostFs, codes: ErrnoCode[]): HostFs {
  const left = [...codes];
  const linkat: HostFs['linkat'] = (...args) => {
    const code = left.shift();
    if (code !== undefined) throw fsError(code);
    fs.linkat(...args);
  };
  return new Proxy(fs, {
    get: (target, key) => {
      if (key === 'linkat') return linkat;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

t.test('all whiteouts are one inode', needs('root'), (t) => {
  const scratch = makeScratch(t);
  scratch.sh('mkdir upper work');
  const maker = new WhiteoutMaker(scratch.fs, scratch.open('work'));
  const upper = scratch.open('upper');
  maker.linkTo(upper, asName('a'));
  maker.linkTo(upper, asName('b'));
  t.ok(isWhiteout(scratch, 'upper/a'));
  t.equal(statSync(`${scratch.path}/upper/a`).ino, statSync(`${scratch.path}/upper/b`).ino);
  t.equal(statSync(`${scratch.path}/upper/a`).mode & 0o7777, 0);
  t.throws(
    () => {
      maker.linkTo(upper, asName('a'));
    },
    { code: 'EEXIST' },
  );
  t.end();
});

t.test('a file is replaced in one step, a whiteout too', needs('root'), (t) => {
  const scratch = makeScratch(t);
  scratch.sh('mkdir upper work upper/dir; echo x > upper/file');
  const maker = new WhiteoutMaker(scratch.fs, scratch.open('work'));
  const upper = scratch.open('upper');
  maker.replace(upper, asName('file'));
  maker.replace(upper, asName('file'));
  t.ok(isWhiteout(scratch, 'upper/file'));
  t.throws(
    () => {
      maker.replace(upper, asName('dir'));
    },
    { code: 'EISDIR' },
  );
  t.equal(readdirSync(`${scratch.path}/work`).length, 1, 'only the shared inode stays in work');
  t.end();
});

t.test('a directory changes places with a whiteout', needs('root'), (t) => {
  const scratch = makeScratch(t);
  scratch.sh('mkdir -p upper/dir/sub work');
  const maker = new WhiteoutMaker(scratch.fs, scratch.open('work'));
  const temp = maker.exchange(scratch.open('upper'), asName('dir'));
  t.ok(isWhiteout(scratch, 'upper/dir'));
  t.same(readdirSync(`${scratch.path}/work/${temp}`), ['sub']);
  t.throws(() => maker.exchange(scratch.open('upper'), asName('absent')), { code: 'ENOENT' });
  t.equal(readdirSync(`${scratch.path}/work`).length, 2);
  t.end();
});

t.test('where no link is possible, each whiteout is an inode of its own', needs('root'), (t) => {
  for (const codes of [
    ['EPERM'],
    ['EOPNOTSUPP'],
    ['EXDEV'],
    ['EMLINK', 'EMLINK'],
    ['ENOENT'],
  ] as ErrnoCode[][]) {
    const scratch = makeScratch(t);
    scratch.sh('mkdir upper work');
    const maker = new WhiteoutMaker(withFailingLinks(scratch.fs, codes), scratch.open('work'));
    const upper = scratch.open('upper');
    for (const name of ['a', 'b']) maker.linkTo(upper, asName(name));
    t.ok(isWhiteout(scratch, 'upper/a') && isWhiteout(scratch, 'upper/b'), codes.join());
  }
  t.end();
});

t.test('a shared inode that was removed is made again', needs('root'), (t) => {
  const scratch = makeScratch(t);
  scratch.sh('mkdir upper work');
  const maker = new WhiteoutMaker(scratch.fs, scratch.open('work'));
  const upper = scratch.open('upper');
  maker.linkTo(upper, asName('a'));
  scratch.sh('rm work/*');
  maker.linkTo(upper, asName('b'));
  t.ok(isWhiteout(scratch, 'upper/b'));
  t.end();
});

t.test(
  'other devices, and files that are not empty, are no whiteouts',
  needs('root', 'program:setfattr'),
  (t) => {
    const scratch = makeScratch(t);
    scratch.sh('mknod null c 1 3; mknod block b 0 0; touch plain; echo x > full; touch marked; mkdir dir');
    scratch.sh('for f in full marked dir; do setfattr -n trusted.overlay.whiteout $f; done');
    for (const path of ['null', 'block', 'plain', 'marked']) t.notOk(isWhiteout(scratch, path), path);
    const isMarked = (name: string): boolean => isXattrWhiteout(scratch.fs, scratch.dir, asName(name), names);
    t.ok(isMarked('marked'));
    for (const path of ['plain', 'full', 'dir', 'absent', 'null']) t.notOk(isMarked(path), path);
    t.end();
  },
);
