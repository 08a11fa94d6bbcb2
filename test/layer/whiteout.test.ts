import { readdirSync, statSync } from 'node:fs';
import t from 'tap';
import { fsError } from '../../src/base/fs-error.ts';
import type { ErrnoCode } from '../../src/base/errno.ts';
import { asName } from '../../src/base/name.ts';
import {
  isWhiteoutAt,
  isWhiteoutStat,
  isXattrWhiteout,
  putWhiteout,
  WhiteoutMaker,
} from '../../src/layer/whiteout.ts';
import { overlayNames } from '../../src/layer/xattr-names.ts';
import type { HostFs } from '../../src/os/host-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch, type Scratch } from './fixtures/scratch.ts';

const names = overlayNames(false);

function isWhiteout(scratch: Scratch, path: string): boolean {
  scratch.fs.statx(scratch.dir, asName(path));
  return isWhiteoutStat(scratch.fs.stat);
}

/** The same file system with other methods. */
function withMethods(fs: HostFs, methods: Partial<HostFs>): HostFs {
  return new Proxy(fs, {
    get: (target, key) => {
      const other: unknown = Reflect.get(methods, key);
      if (other !== undefined) return other;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The same file system, whose `linkat` fails with each of `codes` in turn, then works. */
function withFailingLinks(fs: HostFs, codes: ErrnoCode[]): HostFs {
  const left = [...codes];
  return withMethods(fs, {
    linkat: (...args) => {
      const code = left.shift();
      if (code !== undefined) throw fsError(code);
      fs.linkat(...args);
    },
  });
}

/** The same file system, in which nobody makes devices. */
function withoutDevices(fs: HostFs): HostFs {
  return withMethods(fs, {
    mknodat: () => {
      throw fsError('EPERM');
    },
  });
}

t.test('all whiteouts are one inode', needs('root'), (t) => {
  const scratch = makeScratch(t);
  scratch.sh('mkdir upper work');
  const maker = new WhiteoutMaker(scratch.fs, scratch.open('work'), names);
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
  const maker = new WhiteoutMaker(scratch.fs, scratch.open('work'), names);
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
  const maker = new WhiteoutMaker(scratch.fs, scratch.open('work'), names);
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
    const maker = new WhiteoutMaker(withFailingLinks(scratch.fs, codes), scratch.open('work'), names);
    const upper = scratch.open('upper');
    for (const name of ['a', 'b']) maker.linkTo(upper, asName(name));
    t.ok(isWhiteout(scratch, 'upper/a') && isWhiteout(scratch, 'upper/b'), codes.join());
  }
  t.end();
});

t.test('a shared inode that was removed is made again', needs('root'), (t) => {
  const scratch = makeScratch(t);
  scratch.sh('mkdir upper work');
  const maker = new WhiteoutMaker(scratch.fs, scratch.open('work'), names);
  const upper = scratch.open('upper');
  maker.linkTo(upper, asName('a'));
  scratch.sh('rm work/*');
  maker.linkTo(upper, asName('b'));
  t.ok(isWhiteout(scratch, 'upper/b'));
  t.end();
});

t.test('where no device is taken, whiteouts are files with an attribute', needs('root'), (t) => {
  for (const codes of [[], ['EPERM']] as ErrnoCode[][]) {
    const scratch = makeScratch(t);
    scratch.sh('mkdir -p upper/dir/sub work; echo x >upper/file');
    const fs = withoutDevices(withFailingLinks(scratch.fs, codes));
    const maker = new WhiteoutMaker(fs, scratch.open('work'), names);
    t.equal(maker.tryOut(), 'xattr');
    t.same(readdirSync(`${scratch.path}/work`), []);
    const upper = scratch.open('upper');
    maker.linkTo(upper, asName('a'));
    maker.replace(upper, asName('file'));
    const temp = maker.exchange(upper, asName('dir'));
    t.same(readdirSync(`${scratch.path}/work/${temp}`), ['sub']);
    for (const name of ['a', 'file', 'dir']) {
      scratch.fs.statx(upper, asName(name));
      t.ok(isXattrWhiteout(scratch.fs, upper, asName(name), names), `${name} ${codes.join()}`);
    }
    t.throws(
      () => {
        maker.linkTo(upper, asName('a'));
      },
      { code: 'EEXIST' },
    );
  }
  t.end();
});

t.test('where no attribute is taken either, there are no whiteouts', needs('root'), (t) => {
  for (const code of ['EPERM', 'EOPNOTSUPP'] as const) {
    const scratch = makeScratch(t);
    const fs = withMethods(withoutDevices(scratch.fs), {
      setXattr: () => {
        throw fsError(code);
      },
    });
    t.equal(new WhiteoutMaker(fs, scratch.dir, names).tryOut(), 'none');
    t.same(readdirSync(scratch.path), []);
  }
  t.end();
});

t.test('a whiteout of a layer', needs('root'), (t) => {
  const scratch = makeScratch(t);
  t.equal(putWhiteout(scratch.fs, scratch.dir, asName('device'), names), 'device');
  t.equal(putWhiteout(withoutDevices(scratch.fs), scratch.dir, asName('file'), names), 'xattr');
  for (const name of ['device', 'file']) {
    scratch.fs.statx(scratch.dir, asName(name));
    t.ok(isWhiteoutAt(scratch.fs, scratch.dir, asName(name), names), name);
  }
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
    const isMarked = (name: string): boolean =>
      scratch.fs.findStatx(scratch.dir, asName(name)) &&
      isXattrWhiteout(scratch.fs, scratch.dir, asName(name), names);
    t.ok(isMarked('marked'));
    for (const path of ['plain', 'full', 'dir', 'absent', 'null']) t.notOk(isMarked(path), path);
    t.end();
  },
);
