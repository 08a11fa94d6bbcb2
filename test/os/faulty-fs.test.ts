import { readdirSync } from 'node:fs';
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import * as os from '../../src/os/constants.ts';
import { createFaultyFs, CrashError, hostMethods } from '../../src/os/faulty-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { makeScratch } from './fixtures/scratch.ts';

const real = new RealFs();
const name = asName;

t.test('it has every method of the real one', (t) => {
  const methods = Object.getOwnPropertyNames(RealFs.prototype).filter((method) => method !== 'constructor');
  t.same([...hostMethods].sort(), methods.sort());
  const { fs } = createFaultyFs(real);
  const made = fs as unknown as Record<string, unknown>;
  for (const method of hostMethods) t.type(made[method], 'function');
  t.equal(fs.stat, real.stat);
  t.end();
});

t.test('without a fault it does what the real one does, and writes it down', async (t) => {
  const dir = makeScratch(t);
  const faulty = createFaultyFs(real);
  faulty.fs.mkdirat(dir.fd, name('d'), 0o755);
  const fd = faulty.fs.openat(dir.fd, name('d'), os.O_RDONLY, 0);
  t.same([...faulty.open], [fd]);
  await faulty.fs.fsync(fd, false);
  faulty.fs.close(fd);
  t.same([...faulty.open], []);
  t.same(faulty.calls, ['mkdirat', 'openat', 'fsync', 'close']);
  t.equal(faulty.struck, false);
  faulty.arm();
  t.same(faulty.calls, []);
  t.end();
});

t.test('the n-th call fails once, and is not performed', async (t) => {
  const dir = makeScratch(t);
  const faulty = createFaultyFs(real);
  faulty.arm({ at: 2, with: 'ENOSPC' });
  faulty.fs.mkdirat(dir.fd, name('a'), 0o755);
  t.throws(
    () => {
      faulty.fs.mkdirat(dir.fd, name('b'), 0o755);
    },
    { name: 'FsError', code: 'ENOSPC', syscall: 'mkdirat' },
  );
  t.equal(faulty.struck, true);
  faulty.fs.mkdirat(dir.fd, name('c'), 0o755);
  t.same(readdirSync(dir.path).sort(), ['a', 'c']);
  faulty.arm({ at: 1, with: 'EIO', matches: (method) => method === 'fsync' });
  faulty.fs.statx(dir.fd, name('a'));
  await t.rejects(faulty.fs.fsync(dir.fd, false), { code: 'EIO' });
  await faulty.fs.fsync(dir.fd, false);
});

t.test('close and the identity never fail while the machine runs', (t) => {
  const dir = makeScratch(t);
  const faulty = createFaultyFs(real);
  const fd = faulty.fs.openat(dir.fd, name('.'), os.O_RDONLY, 0);
  for (const at of [1, 2, 3]) {
    faulty.arm({ at, with: 'EIO' });
    faulty.fs.assume(0, 0, 0);
    faulty.fs.assumeNone();
    if (at === 3) faulty.fs.close(fd);
    else faulty.fs.findStatx(dir.fd, name('missing'));
  }
  t.equal(faulty.open.size, 0);
  t.end();
});

t.test('closing what was written may fail, and the descriptor is gone nevertheless', (t) => {
  const dir = makeScratch(t);
  const faulty = createFaultyFs(real);
  const fd = faulty.fs.openat(dir.fd, name('f'), os.O_WRONLY | os.O_CREAT, 0o600);
  faulty.arm({ at: 1, with: 'EDQUOT' });
  t.throws(
    () => {
      faulty.fs.closeWritten(fd);
    },
    { code: 'EDQUOT' },
  );
  t.same([...faulty.open], []);
  t.throws(
    () => {
      real.close(fd);
    },
    { code: 'EBADF' },
  );
  t.end();
});

t.test('after a crash nothing works until it is armed anew', async (t) => {
  const dir = makeScratch(t);
  const faulty = createFaultyFs(real);
  const fd = faulty.fs.openat(dir.fd, name('.'), os.O_RDONLY, 0);
  faulty.arm({ at: 1, with: 'crash', matches: (method) => method === 'mkdirat' });
  faulty.fs.statx(dir.fd, name('.'));
  t.throws(() => {
    faulty.fs.mkdirat(dir.fd, name('a'), 0o755);
  }, CrashError);
  t.throws(() => {
    faulty.fs.statx(dir.fd, name('.'));
  }, CrashError);
  t.throws(() => {
    faulty.fs.close(fd);
  }, CrashError);
  await t.rejects(faulty.fs.fsync(fd, false), CrashError);
  t.same(readdirSync(dir.path), []);
  t.same([...faulty.open], [fd]);
  faulty.closeAll();
  t.equal(faulty.open.size, 0);
  faulty.arm();
  faulty.fs.mkdirat(dir.fd, name('a'), 0o755);
  t.same(readdirSync(dir.path), ['a']);
});
