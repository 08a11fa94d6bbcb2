import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import t from 'tap';
import type { Fd } from '../../src/base/ids.ts';
import { asName } from '../../src/base/name.ts';
import * as os from '../../src/os/constants.ts';
import { findDetachedMount } from '../../src/os/detached-mount.ts';
import {
  findDetachedClone,
  mountFuse,
  mountFuseByHelper,
  openFuseDevice,
  unmountFuse,
} from '../../src/os/mount.ts';
import { findMountAt, type MountEntry } from '../../src/os/mountinfo.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch } from './fixtures/scratch.ts';

const run = promisify(execFile);
const fs = new RealFs();
const code = (expected: string) => ({ name: 'FsError', code: expected });
const options = {
  source: asName('a,b\\c'),
  subtype: 'strata-test',
  allowOther: false,
  defaultPermissions: true,
};

t.test('a detached clone hides what is mounted inside, now and later', needs('root'), async (t) => {
  const dir = makeScratch(t);
  mkdirSync(dir.at('tree/inside'), { recursive: true });
  writeFileSync(dir.at('tree/inside/below'), '');
  const cover = async () => run('mount', ['-t', 'tmpfs', 'none', dir.at('tree/inside')]);
  t.teardown(() => {
    for (let left = 3; left > 0 && findMountAt(asName(dir.at('tree/inside'))) !== undefined; left--) {
      execFileSync('umount', [dir.at('tree/inside')]);
    }
  });
  await cover();
  const fd = findDetachedClone(asName(dir.at('tree')), { readOnly: true });
  if (fd === undefined) throw new Error('refused');
  t.equal(fs.findStatx(fd, asName('inside/below')), true);
  await cover();
  t.equal(fs.findStatx(fd, asName('inside/below')), true);
  t.throws(() => {
    fs.mkdirat(fd, asName('new'), 0o755);
  }, code('EROFS'));
  const inside = fs.openat2(fd, asName('inside'), os.O_PATH, 0, os.RESOLVE_NO_XDEV | os.RESOLVE_BENEATH);
  fs.close(inside);
  fs.close(fd);
});

t.test('a clone that may be written', needs('root'), (t) => {
  const dir = makeScratch(t);
  const fd = findDetachedClone(asName(dir.path), { readOnly: false });
  if (fd === undefined) throw new Error('refused');
  fs.mkdirat(fd, asName('a'), 0o755);
  fs.renameat2(fd, asName('a'), fd, asName('b'), 0);
  fs.close(fd);
  t.throws(() => findDetachedClone(asName(dir.at('missing')), { readOnly: true }), code('ENOENT'));
  t.end();
});

t.test('refused to a plain user: undefined', needs('root', 'build'), (t) => {
  const script = `
    process.setgid(65534); process.setuid(65534);
    const { findDetachedClone } = await import(${JSON.stringify(new URL('../../dist/os/mount.js', import.meta.url).href)});
    console.log(findDetachedClone('/tmp', { readOnly: true }));`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    cwd: '/',
  });
  t.equal(said, 'undefined\n');
  t.end();
});

t.test('mount(2) reports its errors', needs('root', 'fuse'), (t) => {
  const dir = makeScratch(t);
  const fd = openFuseDevice();
  t.throws(() => {
    mountFuse(fd, { ...options, target: asName(dir.at('missing')), flags: 0 });
  }, code('ENOENT'));
  t.throws(() => {
    mountFuse(fd, { ...options, target: asName(dir.path), flags: 0, dataOptions: ['nonsense=1'] });
  }, code('EINVAL'));
  t.throws(() => {
    unmountFuse(asName(dir.path), { lazy: true });
  }, code('EINVAL'));
  fs.close(fd);
  t.end();
});

const { MS_DIRSYNC, MS_LAZYTIME, MS_NOATIME, MS_NODEV, MS_NODIRATIME, MS_NOEXEC, MS_NOSUID } = os;
const { MS_NOSYMFOLLOW, MS_RDONLY, MS_RELATIME, MS_STRICTATIME, MS_SYNCHRONOUS } = os;

t.test(
  'a detached mount is on the tree when it is attached, as mount(2) would have it',
  needs('root', 'fuse'),
  (t) => {
    const dir = makeScratch(t);
    mkdirSync(dir.at('mnt'));
    const target = asName(dir.at('mnt'));
    const shown = (mount: (device: Fd) => void): Partial<MountEntry> => {
      const device = openFuseDevice();
      mount(device);
      const { root, options, type, source, superOptions } = findMountAt(target) ?? {};
      unmountFuse(target, { lazy: true });
      fs.close(device);
      return { root, options, type, source, superOptions } as Partial<MountEntry>;
    };
    const odd = {
      target,
      source: asName('a, =b\\\xff\n'),
      dataOptions: ['max_read=65536'],
      allowOther: true,
    };
    for (const flags of [
      ...[0, MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOSYMFOLLOW, MS_NODIRATIME, MS_NOATIME],
      ...[MS_RELATIME, MS_STRICTATIME, MS_STRICTATIME | MS_NOATIME, MS_SYNCHRONOUS, MS_DIRSYNC, MS_LAZYTIME],
    ]) {
      const all = { ...options, ...odd, flags };
      const once = shown((device) => {
        mountFuse(device, all);
      });
      const later = shown((device) => {
        const mount = findDetachedMount(device, all);
        t.equal(findMountAt(target), undefined);
        mount?.attach(target);
      });
      t.equal(later.type, 'fuse.strata-test');
      t.strictSame(later, once, `flags 0x${flags.toString(16)}`);
    }
    t.end();
  },
);

t.test('a detached mount that is given up, or refused', needs('root', 'fuse'), (t) => {
  const dir = makeScratch(t);
  const target = asName(dir.path);
  const device = openFuseDevice();
  const mount = findDetachedMount(device, { ...options, target, flags: 0 });
  t.throws(() => mount?.attach(asName(dir.at('missing'))), code('ENOENT'));
  mount?.close();
  mount?.close();
  t.throws(() => mount?.attach(target), code('EBADF'));
  fs.close(device);
  const other = openFuseDevice();
  const refused = { ...options, target, flags: 0, dataOptions: ['nonsense=1'] };
  t.equal(findDetachedMount(other, refused), undefined);
  fs.close(other);
  t.equal(findMountAt(target), undefined);
  t.end();
});

t.test('through fusermount3', needs('root', 'fuse', 'program:fusermount3'), (t) => {
  const dir = makeScratch(t);
  mkdirSync(dir.at('mnt'));
  const target = asName(dir.at('mnt'));
  const fd = mountFuseByHelper({ ...options, target, flags: os.MS_NOSUID | os.MS_NODEV | os.MS_RDONLY });
  t.match(findMountAt(target), { type: 'fuse.strata-test', source: 'a,b\\c' });
  const mounted = findMountAt(target)?.options ?? [];
  for (const option of ['ro', 'nosuid', 'nodev']) t.ok(mounted.includes(option), option);
  t.match(readFileSync(`/proc/self/fdinfo/${String(fd)}`, 'latin1'), /flags:\s+0?2[0-7]*4002\n/);
  unmountFuse(target, { lazy: true });
  fs.close(fd);
  t.equal(findMountAt(target), undefined);
  t.throws(() => mountFuseByHelper({ ...options, target: asName(dir.at('missing')), flags: 0 }), {
    name: 'UserError',
    code: 'fusermount-failed',
    message: /bad mount point|No such file/,
  });
  t.throws(() => mountFuseByHelper({ ...options, target: asName('/\xff'), flags: 0 }), {
    code: 'bad-target',
  });
  t.end();
});

t.test('the helper is out of reach of a signal from the terminal', needs('build'), (t) => {
  const dir = makeScratch(t);
  writeFileSync(dir.at('fusermount3'), '#!/bin/sh\ncut -d" " -f1,6 /proc/$$/stat >&2\nexit 1\n', {
    mode: 0o755,
  });
  const path = process.env.PATH;
  process.env.PATH = `${dir.path}:${path ?? ''}`;
  t.teardown(() => {
    process.env.PATH = path;
  });
  t.throws(() => mountFuseByHelper({ ...options, target: asName(dir.path), flags: 0 }), {
    code: 'fusermount-failed',
    message: /^fusermount3: (\d+) \1$/,
  });
  t.end();
});
