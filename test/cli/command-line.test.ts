import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { UserError } from '../../src/base/user-error.ts';
import { parseCommandLine, type Command } from '../../src/cli/command-line.ts';
import type { MountSpec } from '../../src/cli/mount-spec.ts';
import * as os from '../../src/os/constants.ts';

const cwd = asName('/here');

function mountSpec(...args: string[]): MountSpec {
  const command = parseCommandLine(args, cwd);
  if (command.act !== 'mount') throw new Error(`it means ${command.act}`);
  return command.spec;
}

function withOptions(options: string): MountSpec {
  return mountSpec('-o', `lowerdir=/l,${options}`, '/m');
}

function codeOf(...args: string[]): string | undefined {
  try {
    parseCommandLine(args, cwd);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown.code;
    throw thrown;
  }
}

t.test('what podman, containerd and mount(8) call', async (t) => {
  const podman = mountSpec('-o', 'lowerdir=l/A:l/B,upperdir=H/diff,workdir=H/work,,volatile', 'H/merged');
  t.strictSame(podman.layers, {
    lower: ['/here/l/A', '/here/l/B'],
    dataOnly: [],
    upper: '/here/H/diff',
    work: '/here/H/work',
  });
  t.equal(podman.mountPoint, '/here/H/merged');
  t.equal(podman.format.volatile, true);

  const containerd = mountSpec('overlay', '/m', '-o', 'workdir=/w,upperdir=/u,lowerdir=/l,dev,suid');
  t.equal(containerd.mountPoint, '/m');
  t.equal(containerd.mount.source, 'overlay');
  t.equal(containerd.mount.set, 0);

  t.equal(mountSpec('', '/m', '-o', 'lowerdir=/l').mount.source, 'stratafs', 'mount.fuse3 has no source');
  const mount8 = mountSpec('overlay', '/m', '-o', 'rw,lowerdir=/l,x-systemd.automount,_netdev');
  t.equal(mount8.layers.upper, undefined);
});

t.test('options stand before, after and around, in one word or several', async (t) => {
  const expected = mountSpec('-o', 'lowerdir=/l,ro', '/m');
  for (const args of [
    ['/m', '-o', 'lowerdir=/l,ro'],
    ['-olowerdir=/l,ro', '/m'],
    ['-o', 'lowerdir=/l', '/m', '-o', 'ro'],
    ['-o', 'lowerdir=/l,ro', '--', '/m'],
    ['-s', '-o', 'lowerdir=/l,ro', '/m'],
  ]) {
    t.strictSame(mountSpec(...args), expected, args.join(' '));
  }
});

t.test('-f and -d', async (t) => {
  const foreground = (...args: string[]): unknown => {
    const command: Command = parseCommandLine([...args, '-o', 'lowerdir=/l', '/m'], cwd);
    return command.act === 'mount' && command.foreground;
  };
  t.equal(foreground(), false);
  t.equal(foreground('-f'), true);
  t.equal(foreground('-d'), true);
  t.equal(foreground('-fd'), true);
  t.equal(withOptions('debug').debug, true);
});

t.test('-h, --version, --settle', async (t) => {
  t.equal(parseCommandLine(['-h'], cwd).act, 'help');
  t.equal(parseCommandLine(['--help'], cwd).act, 'help');
  t.equal(parseCommandLine(['--version'], cwd).act, 'version');
  t.equal(parseCommandLine(['-V'], cwd).act, 'version');
  const settle = parseCommandLine(['--settle', '-o', 'lowerdir=/l,upperdir=/u,workdir=w'], cwd);
  t.equal(settle.act === 'settle' && settle.spec.layers.work, '/here/w');
  t.equal(codeOf('--settle', '-o', 'lowerdir=/l,upperdir=/u,workdir=w', '/m'), 'usage');
});

t.test('whether to share a process', async (t) => {
  t.strictSame(
    ['shared', 'shared=on', 'shared=off', 'shared,shared=off', 'ro'].map(
      (options) => withOptions(options).shared,
    ),
    [true, true, false, false, false],
  );
});

t.test('the options of the format', async (t) => {
  const { format } = withOptions(
    'metacopy=off,redirect_dir=nofollow,index=on,xino=off,userxattr,coherence=relaxed,whiteout=aufs,fsync=0',
  );
  t.strictSame(format, {
    metacopy: false,
    redirectDir: 'nofollow',
    index: true,
    xino: 'off',
    userxattr: true,
    volatile: false,
    fsync: false,
    coherence: 'relaxed',
    whiteout: 'aufs',
    staticNlink: false,
    shortInodes: false,
    acl: true,
    xattrs: true,
  });
  t.equal(withOptions('metacopy=off,metacopy=on').format.metacopy, true, 'a later one wins');
});

t.test('the options of the door', async (t) => {
  t.strictSame(withOptions('passthrough=off,timeout=1.5,door=kernel').door, {
    door: 'kernel',
    passthrough: 'off',
    lowLatency: 'auto',
    writeback: true,
    maxWrite: undefined,
    timeoutSec: 1.5,
  });
  t.equal(withOptions('door=libfuse').door.door, 'libfuse');
});

t.test('the flags of the mount do what they say', async (t) => {
  const flags = (options: string): number => withOptions(options).mount.set;
  t.equal(flags('ro,nosuid,nodev,noexec'), os.MS_RDONLY | os.MS_NOSUID | os.MS_NODEV | os.MS_NOEXEC);
  t.equal(flags('ro,rw'), 0);
  t.equal(flags('nosuid,suid,nodev,dev,noexec,exec'), 0);
  t.equal(flags('relatime,noatime'), os.MS_NOATIME);
  t.equal(flags('noatime,strictatime'), os.MS_STRICTATIME);
  t.equal(flags('sync,dirsync'), os.MS_SYNCHRONOUS | os.MS_DIRSYNC);
  t.equal(flags('nodiratime'), os.MS_NODIRATIME);
  t.equal(withOptions('ro,dev').mount.cleared, os.MS_NODEV);
  t.equal(withOptions('allow_other').mount.allowOther, true);
  t.equal(withOptions(String.raw`fsname=a\,b,subtype=s`).mount.source, 'a,b');
  t.equal(withOptions(String.raw`fsname=a\,b,subtype=s`).mount.subtype, 's');
});

t.test('options of fuse-overlayfs that mean something here', async (t) => {
  t.match(withOptions('static_nlink,ino32_t,noacl,noxattrs=1').format, {
    staticNlink: true,
    shortInodes: true,
    acl: false,
    xattrs: false,
  });
  t.equal(withOptions('noxattrs').format.xattrs, false);
  t.equal(withOptions('noacl,acl').format.acl, true);
  t.equal(withOptions('sync=0').format.fsync, false);
  t.equal(withOptions('sync').mount.set, os.MS_SYNCHRONOUS);
  t.match(withOptions('writeback=0,max_write=65536').door, { writeback: false, maxWrite: 65536 });
  t.equal(withOptions('max_read=8192').mount.maxRead, 8192);
  t.equal(withOptions('private').mount.propagation, os.MS_PRIVATE);
  t.equal(withOptions('rslave').mount.propagation, os.MS_SLAVE);
  const labels = 'context="a:b:c1,c2",rootcontext=r,context=d';
  t.strictSame(withOptions(labels).mount.labels, ['rootcontext=r', 'context=d'], 'a later one wins');
});

t.test('called as fuse-overlayfs', async (t) => {
  const args = ['--as=fuse-overlayfs', '-o', 'lowerdir=/l,frobnicate=1,lazy', '/m'];
  const command = parseCommandLine(args, cwd);
  t.match(command, { act: 'mount', unknown: ['frobnicate', 'lazy'] }, 'it names and ignores them');
  t.match(command, { spec: { mount: { source: 'fuse-overlayfs', subtype: 'fuse-overlayfs' } } });
  t.match(parseCommandLine(['--as=fuse-overlayfs', '-V'], cwd), { program: 'fuse-overlayfs' });
  t.match(mountSpec('-o', 'lowerdir=/l', '/m').mount, { source: 'stratafs', subtype: 'stratafs' });
});

t.test('what other programs know is taken in silence', async (t) => {
  const plain = withOptions('');
  for (const option of [
    'threaded=1',
    'fast_ino=1',
    'xattr_permissions=0',
    'fast_ino_check=1',
    'writeback=1',
    'noxattrs=0',
    'sync=1',
    'splice_read',
    'kernel_cache',
    'default_permissions',
    'defaults',
    'nofail',
    'uhelper=hal',
    'helper=x',
    'noauto',
    'user=joe',
    'x-gvfs-hide',
    'comment=hello',
  ]) {
    t.strictSame(withOptions(option), plain, option);
  }
});

t.test('what is wrong has a code', async (t) => {
  t.equal(codeOf('-o', 'lowerdir=/l,frobnicate', '/m'), 'unknown-option');
  t.equal(codeOf('-o', 'lowerdir=/l,toString', '/m'), 'unknown-option');
  t.equal(codeOf('-o', 'lowerdir=/l,__proto__', '/m'), 'unknown-option');
  t.equal(codeOf('-o', 'lowerdir=/l,metacopy=maybe', '/m'), 'bad-option');
  t.equal(codeOf('-o', 'lowerdir=/l,metacopy', '/m'), 'bad-option');
  t.equal(codeOf('-o', 'lowerdir=/l,volatile=1', '/m'), 'bad-option');
  for (const option of [
    'max_write=4095',
    'max_write=4k',
    'max_read',
    'writeback=2',
    'noacl=1',
    'context',
    'private=1',
  ]) {
    t.equal(codeOf('-o', `lowerdir=/l,${option}`, '/m'), 'bad-option', option);
  }
  for (const seconds of ['soon', '-1', ' ', '1e3', 'Infinity', '1.2.3']) {
    t.equal(codeOf('-o', `lowerdir=/l,timeout=${seconds}`, '/m'), 'bad-option', seconds);
  }
  t.equal(codeOf('-o', 'lowerdir=/l::,ro', '/m'), 'bad-option');
  for (const option of ['allow_root', 'auto_unmount', 'plugins=/usr/libexec/fuse-overlayfs/x.so']) {
    t.equal(codeOf('-o', `lowerdir=/l,${option}`, '/m'), 'unsupported-option', option);
  }
  t.equal(codeOf('-o', 'lowerdir=/l'), 'usage');
  t.equal(codeOf('-o', 'lowerdir=/l', ''), 'usage');
  t.equal(codeOf('/m'), 'usage');
  t.equal(codeOf('-o', 'lowerdir=/l', 'a', 'b', 'c'), 'usage');
  t.equal(codeOf('-z', '-o', 'lowerdir=/l', '/m'), 'usage');
  t.equal(codeOf('/m', '-o'), 'usage');
  t.equal(codeOf('-o', 'lowerdir=/l,upperdir=/u', '/m'), 'incomplete-upper');
  t.equal(codeOf('-o', 'lowerdir=/l,workdir=/w', '/m'), 'incomplete-upper');
});

t.test('an unknown option is named', async (t) => {
  t.throws(() => parseCommandLine(['-o', 'lowerdir=/l,frobnicate=1', '/m'], cwd), {
    message: /'frobnicate'/,
  });
});

t.test('dots in paths stay: what lies before them may be a symbolic link', async (t) => {
  t.equal(mountSpec('-o', 'lowerdir=a/../b', '/m').layers.lower[0], '/here/a/../b');
  t.equal(parseCommandLine(['-o', 'lowerdir=l', 'm'], asName('/')).act, 'mount');
});

t.test('a size that is too large is told so', async (t) => {
  t.throws(() => withOptions('max_write=1000000000'), { code: 'bad-option', hint: /to 999999999/ });
});
