import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { FsError } from '../../src/base/fs-error.ts';
import type { Fd } from '../../src/base/ids.ts';
import { asName, type Name } from '../../src/base/name.ts';
import { utimeOmit } from '../../src/base/time-spec.ts';
import * as os from '../../src/os/constants.ts';
import { st } from '../../src/os/host-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { Attr } from '../../src/vfs/attr.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch, places, type Place, type Scratch } from './fixtures/scratch.ts';

const run = promisify(execFile);
const fs = new RealFs();
const none = asName('');
const name = (text: string): Name => asName(text);
const code = (expected: string) => ({ name: 'FsError', code: expected });

/** One test per entry, on each file system: the same call through the addon, its effect seen by node:fs. */
const table: Record<string, (t: Test, dir: Scratch) => void> = {
  'openat creates with the mode, whatever the umask was': (t, dir) => {
    const fd = fs.openat(dir.fd, name('f'), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666);
    t.equal(lstatSync(dir.at('f')).mode & 0o777, 0o666);
    t.throws(() => fs.openat(dir.fd, name('f'), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666), code('EEXIST'));
    fs.close(fd);
    t.throws(() => {
      fs.close(fd);
    }, code('EBADF'));
  },

  'descriptors are closed on exec': (t, dir) => {
    const fd = fs.openat(dir.fd, name('.'), os.O_RDONLY, 0);
    t.match(readFileSync(`/proc/self/fdinfo/${String(fd)}`, 'latin1'), /flags:\s+0?2[0-7]{6}\n/);
    fs.close(fd);
  },

  'findOpenat: absence is a value, other errors are not': (t, dir) => {
    writeFileSync(dir.at('f'), '');
    symlinkSync('f', dir.at('l'));
    t.equal(fs.findOpenat(dir.fd, name('missing'), os.O_RDONLY), undefined);
    t.equal(fs.findOpenat(dir.fd, name('f/below'), os.O_RDONLY), undefined);
    t.throws(() => fs.findOpenat(dir.fd, name('l'), os.O_RDONLY | os.O_NOFOLLOW), code('ELOOP'));
    fs.close(fs.findOpenat(dir.fd, name('f'), os.O_RDONLY)!);
  },

  'openat2 stays beneath': (t, dir) => {
    symlinkSync('/etc/passwd', dir.at('out'));
    writeFileSync(dir.at('f'), '');
    const beneath = os.RESOLVE_BENEATH | os.RESOLVE_NO_SYMLINKS;
    fs.close(fs.openat2(dir.fd, name('f'), os.O_RDONLY, 0, beneath));
    t.throws(() => fs.openat2(dir.fd, name('out'), os.O_RDONLY, 0, beneath), code('ELOOP'));
    t.throws(() => fs.openat2(dir.fd, name('../x'), os.O_RDONLY, 0, beneath), code('EXDEV'));
  },

  'reopen, and an empty name, open what an O_PATH descriptor refers to': (t, dir) => {
    writeFileSync(dir.at('f'), 'abc');
    const path = fs.openat(dir.fd, name('f'), os.O_PATH | os.O_NOFOLLOW, 0);
    const buffer = Buffer.alloc(3);
    t.throws(() => fs.pread(path, buffer, 0, 3, 0, false), code('EBADF'));
    for (const fd of [fs.reopen(path, os.O_RDONLY | os.O_NOFOLLOW), fs.openat(path, none, os.O_RDONLY, 0)]) {
      t.equal(fs.pread(fd, buffer, 0, 3, 0, false), 3);
      t.equal(buffer.toString(), 'abc');
      fs.close(fd);
    }
    fs.close(path);
    t.throws(() => fs.reopen(-1 as Fd, os.O_RDONLY), code('EBADF'));
  },

  'statx fills the array and the block': (t, dir) => {
    writeFileSync(dir.at('f'), 'x'.repeat(70_000));
    const block = Buffer.alloc(200, 0xaa);
    fs.statx(dir.fd, name('f'), block, 100);
    checkStat(t, dir, 'f', new Attr(block, 100));
    t.equal(block[99], 0xaa);
    t.equal(block[188], 0xaa);
    t.throws(() => {
      fs.statx(dir.fd, name('f'), block, 113);
    }, code('EFAULT'));
  },

  'statx does not follow, and takes a descriptor': (t, dir) => {
    symlinkSync('nowhere', dir.at('l'));
    fs.statx(dir.fd, name('l'));
    t.equal((fs.stat[st.mode] ?? 0) & os.S_IFMT, os.S_IFLNK);
    const fd = fs.openat(dir.fd, name('l'), os.O_PATH | os.O_NOFOLLOW, 0);
    t.equal(fs.findStatx(fd, none), true);
    t.equal((fs.stat[st.mode] ?? 0) & os.S_IFMT, os.S_IFLNK);
    t.equal(fs.readlinkat(fd, none), 'nowhere');
    fs.close(fd);
    t.equal(fs.findStatx(dir.fd, name('l/below')), false);
    t.equal(fs.findStatx(dir.fd, name('missing')), false);
    t.throws(() => {
      fs.statx(dir.fd, name('missing'));
    }, code('ENOENT'));
  },

  'statfs fills struct fuse_kstatfs': (t, dir) => {
    const block = Buffer.alloc(84, 0xaa);
    fs.statfs(dir.fd, block, 4);
    const expected = statfsSync(dir.path);
    t.equal(Number(block.readBigUInt64LE(4)), expected.blocks);
    t.equal(Number(block.readBigUInt64LE(4 + 24)), expected.files);
    t.equal(block.readUInt32LE(4 + 40), expected.bsize);
    t.equal(block.readUInt32LE(4 + 44), 255);
    t.throws(() => {
      fs.statfs(dir.fd, block, 5);
    }, code('EFAULT'));
  },

  'mkdirat, mknodat, symlinkat, unlinkat': (t, dir) => {
    fs.mkdirat(dir.fd, name('d'), 0o1777);
    t.equal(lstatSync(dir.at('d')).mode & 0o7777, 0o1777);
    fs.mknodat(dir.fd, name('p'), os.S_IFIFO | 0o640, 0);
    t.ok(lstatSync(dir.at('p')).isFIFO());
    fs.symlinkat(name('some/where'), dir.fd, name('l'));
    t.equal(readlinkSync(dir.at('l')), 'some/where');
    t.equal(fs.readlinkat(dir.fd, name('l')), 'some/where');
    t.throws(() => {
      fs.unlinkat(dir.fd, name('d'), 0);
    }, code('EISDIR'));
    fs.unlinkat(dir.fd, name('d'), os.AT_REMOVEDIR);
    t.equal(fs.findUnlinkat(dir.fd, name('p'), 0), true);
    t.equal(fs.findUnlinkat(dir.fd, name('p'), 0), false);
    t.same(readdirSync(dir.path), ['l']);
  },

  'linkat links a name, and a nameless file': (t, dir) => {
    writeFileSync(dir.at('f'), 'abc');
    fs.linkat(dir.fd, name('f'), dir.fd, name('g'));
    t.equal(lstatSync(dir.at('f')).nlink, 2);
    const fd = fs.openat(dir.fd, name('.'), os.O_TMPFILE | os.O_RDWR, 0o600);
    fs.pwrite(fd, Buffer.from('nameless'), 0, 8, 0);
    fs.linkat(fd, none, dir.fd, name('h'));
    t.equal(readFileSync(dir.at('h'), 'utf8'), 'nameless');
    fs.close(fd);
  },

  'renameat2 knows its flags': (t, dir) => {
    writeFileSync(dir.at('a'), 'a');
    writeFileSync(dir.at('b'), 'b');
    t.throws(() => {
      fs.renameat2(dir.fd, name('a'), dir.fd, name('b'), os.RENAME_NOREPLACE);
    }, code('EEXIST'));
    fs.renameat2(dir.fd, name('a'), dir.fd, name('b'), os.RENAME_EXCHANGE);
    t.equal(readFileSync(dir.at('a'), 'utf8'), 'b');
    fs.renameat2(dir.fd, name('a'), dir.fd, name('b'), 0);
    t.same(readdirSync(dir.path), ['b']);
  },

  'fchmodat never goes through a symlink': (t, dir) => {
    writeFileSync(dir.at('f'), '', { mode: 0o600 });
    symlinkSync('f', dir.at('l'));
    fs.fchmodat(dir.fd, name('f'), os.S_IFREG | 0o4755);
    t.equal(lstatSync(dir.at('f')).mode & 0o7777, 0o4755);
    t.throws(() => {
      fs.fchmodat(dir.fd, name('l'), 0o777);
    }, code('EOPNOTSUPP'));
    const fd = fs.openat(dir.fd, name('f'), os.O_PATH, 0);
    fs.fchmodat(fd, none, 0o640);
    t.equal(lstatSync(dir.at('f')).mode & 0o7777, 0o640);
    fs.close(fd);
  },

  'utimensat keeps nanoseconds, and leaves what it is told to leave': (t, dir) => {
    symlinkSync('f', dir.at('l'));
    fs.utimensat(dir.fd, name('l'), { sec: -5, nsec: 7 }, { sec: 4_000_000_000, nsec: 999_999_999 });
    fs.utimensat(dir.fd, name('l'), utimeOmit, utimeOmit);
    fs.statx(dir.fd, name('l'));
    t.same(
      [st.atimeSec, st.atimeNsec, st.mtimeSec, st.mtimeNsec].map((field) => fs.stat[field]),
      [-5, 7, 4_000_000_000, 999_999_999],
    );
    const fd = fs.openat(dir.fd, name('l'), os.O_PATH | os.O_NOFOLLOW, 0);
    fs.utimensat(fd, none, { sec: 1, nsec: 0 }, utimeOmit);
    t.equal(lstatSync(dir.at('l')).atimeMs, 1000);
    fs.close(fd);
  },

  'data calls': (t, dir) => {
    const fd = fs.openat(dir.fd, name('f'), os.O_CREAT | os.O_RDWR, 0o600);
    t.equal(fs.pwrite(fd, Buffer.from('--abcd'), 2, 4, 5_000_000_000), 4);
    t.equal(lstatSync(dir.at('f')).size, 5_000_000_004);
    t.equal(fs.lseek(fd, 0, os.SEEK_DATA) > 4_999_000_000, true);
    t.throws(() => fs.lseek(fd, 6_000_000_000, os.SEEK_DATA), code('ENXIO'));
    fs.fallocate(fd, os.FALLOC_FL_KEEP_SIZE, 0, 8192);
    t.equal(lstatSync(dir.at('f')).size, 5_000_000_004);
    t.equal(lstatSync(dir.at('f')).blocks >= 16, true);
    fs.ftruncate(fd, 10);
    t.equal(lstatSync(dir.at('f')).size, 10);
    const to = fs.openat(dir.fd, name('g'), os.O_CREAT | os.O_RDWR, 0o600);
    fs.pwrite(fd, Buffer.from('0123456789'), 0, 10, 0);
    t.equal(fs.copyFileRange(fd, 3, to, 1, 100), 7);
    t.equal(readFileSync(dir.at('g'), 'latin1'), '\x003456789');
    const buffer = Buffer.alloc(4);
    t.throws(() => fs.pread(fd, buffer, 2, 3, 0, false), code('EFAULT'));
    t.throws(() => fs.pread(fd, buffer, -1, 3, 0, false), code('EFAULT'));
    t.equal(fs.pread(fd, Buffer.alloc(0), 0, 0, 0, false), 0);
    fs.close(fd);
    fs.close(to);
  },

  'pread with nowait reads what is cached': (t, dir) => {
    writeFileSync(dir.at('f'), 'cached');
    const fd = fs.openat(dir.fd, name('f'), os.O_RDONLY, 0);
    const buffer = Buffer.alloc(6);
    t.equal(fs.pread(fd, buffer, 0, 6, 0, false), 6);
    buffer.fill(0);
    t.equal(fs.pread(fd, buffer, 0, 6, 0, true), 6);
    t.equal(buffer.toString(), 'cached');
    t.throws(() => fs.pread(fd, buffer, 0, 6, -1, true), code('EINVAL'));
    fs.close(fd);
  },

  'getFlags and setFlags': (t, dir) => {
    const fd = fs.openat(dir.fd, name('f'), os.O_CREAT | os.O_RDWR, 0o600);
    const before = fs.getFlags(fd);
    fs.setFlags(fd, before | os.FS_NOATIME_FL);
    t.equal(fs.getFlags(fd), before | os.FS_NOATIME_FL);
    const common = os.FS_IMMUTABLE_FL | os.FS_APPEND_FL | os.FS_SYNC_FL | os.FS_NOATIME_FL;
    t.equal(fs.getFlagsAt(dir.fd, name('f')), (before | os.FS_NOATIME_FL) & common);
    t.equal(fs.getFlagsAt(fd, none), (before | os.FS_NOATIME_FL) & common);
    const pathOnly = fs.openat(dir.fd, name('f'), os.O_PATH, 0);
    t.equal(fs.getFlagsAt(pathOnly, none), (before | os.FS_NOATIME_FL) & common);
    fs.close(pathOnly);
    t.throws(() => fs.getFlagsAt(dir.fd, name('absent')), code('ENOENT'));
    fs.close(fd);
  },

  'handles open what they were made of, symlinks too': (t, dir) => {
    writeFileSync(dir.at('f'), '');
    symlinkSync('f', dir.at('l'));
    const mount = fs.openat(dir.fd, name('.'), os.O_PATH | os.O_DIRECTORY, 0);
    for (const entry of ['f', 'l']) {
      const handle = fs.findHandle(dir.fd, name(entry));
      if (handle === undefined) throw new Error('this file system has no handles');
      const fd = fs.findOpenByHandle(mount, handle);
      if (fd === undefined) throw new Error('the handle does not open');
      fs.statx(fd, none);
      t.equal(fs.stat[st.ino], lstatSync(dir.at(entry)).ino);
      t.same(fs.findHandle(fd, none), handle);
      fs.close(fd);
      fs.unlinkat(dir.fd, name(entry), 0);
    }
    fs.close(mount);
    t.equal(fs.findHandle(fs.openat(os.AT_FDCWD as Fd, name('/proc/self'), os.O_PATH, 0), none), undefined);
    t.throws(() => fs.findHandle(dir.fd, name('f')), code('ENOENT'));
  },

  'a stale handle is undefined': (t, dir) => {
    writeFileSync(dir.at('f'), '');
    const handle = fs.findHandle(dir.fd, name('f'));
    if (handle === undefined) throw new Error('this file system has no handles');
    fs.unlinkat(dir.fd, name('f'), 0);
    t.equal(fs.findOpenByHandle(dir.fd, handle), undefined);
  },

  'fsUuid takes an O_PATH descriptor and answers 16 bytes': (t, dir) => {
    const path = fs.openat(dir.fd, name('.'), os.O_PATH, 0);
    t.same(fs.fsUuid(path), fs.fsUuid(dir.fd));
    t.equal(fs.fsUuid(path).length, 16);
    fs.close(path);
  },

  'names are bytes': (t, dir) => {
    const all = asName(
      Array.from({ length: 255 }, (_, at) => String.fromCharCode(at + 1))
        .filter((character) => character !== '/')
        .join(''),
    );
    fs.mkdirat(dir.fd, all, 0o755);
    t.same(readdirSync(dir.path, 'latin1'), [all]);
    t.same(fs.listDirectory(dir.fd).names, [all]);
    const long = asName('\xff'.repeat(255));
    fs.symlinkat(long, dir.fd, long);
    t.equal(fs.readlinkat(dir.fd, long), long);
    t.throws(() => {
      fs.mkdirat(dir.fd, asName('\xff'.repeat(256)), 0o755);
    }, code('ENAMETOOLONG'));
    t.throws(() => {
      fs.mkdirat(dir.fd, asName('x/'.repeat(32_000)), 0o755);
    }, code('ENAMETOOLONG'));
    t.throws(() => {
      fs.mkdirat(dir.fd, asName('a\0b'), 0o755);
    }, code('EINVAL'));
    t.throws(() => {
      fs.symlinkat(asName('t'.repeat(4096)), dir.fd, name('l'));
    }, code('ENAMETOOLONG'));
    fs.symlinkat(asName('t'.repeat(4000)), dir.fd, name('l'));
    t.equal(fs.readlinkat(dir.fd, name('l')).length, 4000);
  },
};

function checkStat(t: Test, dir: Scratch, entry: string, attr: Attr): void {
  const expected = lstatSync(dir.at(entry), { bigint: true });
  const field = (index: number): bigint => BigInt(fs.stat[index] ?? -1);
  t.equal(field(st.ino), expected.ino);
  t.equal(field(st.mode), expected.mode);
  t.equal(field(st.nlink), expected.nlink);
  t.equal(field(st.size), expected.size);
  t.equal(field(st.blocks), expected.blocks);
  t.equal(field(st.mtimeSec) * 1_000_000_000n + field(st.mtimeNsec), expected.mtimeNs);
  t.equal(field(st.ctimeSec) * 1_000_000_000n + field(st.ctimeNsec), expected.ctimeNs);
  t.equal(field(st.btimeSec) * 1_000_000_000n + field(st.btimeNsec), expected.birthtimeNs);
  t.equal((fs.stat[st.mask] ?? 0) & os.STATX_BTIME, os.STATX_BTIME);
  // glibc's dev_t for a major below 4096: minor bits 8 and up come after the major.
  const dev = fs.stat[st.dev] ?? 0;
  const [major, minor] = [BigInt(Math.floor(dev / 2 ** 20)), BigInt(dev % 2 ** 20)];
  t.equal((minor & 0xffn) | (major << 8n) | ((minor & ~0xffn) << 12n), expected.dev);
  t.equal(attr.ino, expected.ino);
  t.equal(BigInt(attr.mode), expected.mode);
  t.equal(BigInt(attr.size), expected.size);
  t.equal(BigInt(attr.blocks), expected.blocks);
  t.equal(attr.mtime.sec * 1_000_000_000n + BigInt(attr.mtime.nsec), expected.mtimeNs);
}

for (const place of Object.keys(places) as Place[]) {
  t.test(place, (t) => {
    for (const [title, check] of Object.entries(table)) {
      t.test(title, (t) => {
        check(t, makeScratch(t, place));
        t.end();
      });
    }
    t.end();
  });
}

t.test('as root', needs('root'), (t) => {
  t.test('mknodat and statx agree on device numbers', (t) => {
    const dir = makeScratch(t);
    const rdev = 300 * 2 ** 20 + 70_000;
    fs.mknodat(dir.fd, name('c'), os.S_IFCHR | 0o600, rdev);
    const attr = new Attr();
    fs.statx(dir.fd, name('c'), attr.buffer, 0);
    t.equal(fs.stat[st.rdev], rdev);
    // new_encode_dev: 8 bits of the minor, 12 of the major, the rest of the minor.
    t.equal(attr.rdev, (70_000 & 0xff) | (300 << 8) | ((70_000 & ~0xff) << 12));
    t.equal(attr.rdev, lstatSync(dir.at('c')).rdev);
    t.end();
  });

  t.test('fchownat changes what it is told to change', (t) => {
    const dir = makeScratch(t);
    symlinkSync('x', dir.at('l'));
    fs.fchownat(dir.fd, name('l'), 1234, 4_000_000_000);
    t.match(lstatSync(dir.at('l')), { uid: 1234, gid: 4_000_000_000 });
    const fd = fs.openat(dir.fd, name('l'), os.O_PATH | os.O_NOFOLLOW, 0);
    fs.fchownat(fd, none, -1, 7);
    t.match(lstatSync(dir.at('l')), { uid: 1234, gid: 7 });
    fs.close(fd);
    t.end();
  });

  t.test('assume creates as somebody else, with all capabilities', async (t) => {
    const dir = makeScratch(t);
    mkdirSync(dir.at('closed'), { mode: 0o700 });
    fs.assume(1234, 1235, 0o027);
    fs.close(fs.openat(dir.fd, name('closed/f'), os.O_CREAT | os.O_RDWR, 0o666));
    const status = readFileSync('/proc/thread-self/status', 'latin1');
    // A thread that starts now must not keep the borrowed identity.
    const synced = fs.fsync(dir.fd, false);
    fs.assumeNone();
    fs.mkdirat(dir.fd, name('own'), 0o777);
    t.match(status, /^Uid:\t0\t0\t0\t1234$/m);
    t.match(lstatSync(dir.at('closed/f')), { uid: 1234, gid: 1235, mode: os.S_IFREG | 0o640 });
    t.match(lstatSync(dir.at('own')), { uid: 0, gid: 0, mode: os.S_IFDIR | 0o777 });
    await synced;
    for (const task of readdirSync('/proc/self/task')) {
      t.match(readFileSync(`/proc/self/task/${task}/status`, 'latin1'), /^Uid:\t0\t0\t0\t0$/m);
    }
  });

  t.test('mknodat makes a whiteout, renameat2 leaves one', (t) => {
    const dir = makeScratch(t);
    writeFileSync(dir.at('a'), '');
    fs.renameat2(dir.fd, name('a'), dir.fd, name('b'), os.RENAME_WHITEOUT);
    t.match(lstatSync(dir.at('a')), { rdev: 0 });
    t.ok(lstatSync(dir.at('a')).isCharacterDevice());
    t.end();
  });
  t.end();
});

t.test('fsUuid is what mkfs wrote', needs('root', 'program:mkfs.ext4'), async (t) => {
  const dir = makeScratch(t);
  const uuid = '11223344-5566-4788-99aa-bbccddeeff00';
  writeFileSync(dir.at('image'), '');
  truncateSync(dir.at('image'), 16 << 20);
  mkdirSync(dir.at('mnt'));
  await run('mkfs.ext4', ['-q', '-U', uuid, dir.at('image')]);
  await run('mount', ['-o', 'loop', dir.at('image'), dir.at('mnt')]);
  const fd = fs.openat(dir.fd, name('mnt'), os.O_PATH | os.O_DIRECTORY, 0);
  const found = fs.fsUuid(fd).toString('hex');
  fs.close(fd);
  await run('umount', [dir.at('mnt')]);
  t.equal(found, uuid.replaceAll('-', ''));
});

t.test('an error has the shape of its own', (t) => {
  try {
    fs.openat(os.AT_FDCWD as Fd, asName('/nowhere/\xc3\xa4'), os.O_RDONLY, 0);
    t.fail('opened');
  } catch (thrown) {
    t.ok(thrown instanceof FsError);
    t.match(thrown, { code: 'ENOENT', errno: 2, syscall: 'openat', path: '/nowhere/ä' });
  }
  t.end();
});
