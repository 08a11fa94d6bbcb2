/** `cp` and `exec` took the directory to which the first process of a container had changed its root for that of the container. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { nameFromText } from '../../src/base/name.ts';
import { openNamespaceRoot } from '../../src/run/namespace-root.ts';
import { removeDirectory } from '../../src/store/remove-directory.ts';
import { until } from '../cli/fixtures/program.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { copyProgram } from '../fixtures/copy-program.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { makeSmallRoot } from '../run/fixtures/small-root.ts';

t.test('however deep, and in whatever is mounted below it', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const deep = scratch.directory('deep');
  const jail = scratch.directory('jail');
  mkdirSync(`${jail}/bin`);
  copyProgram(jail, '/usr/bin/sleep', '/bin/sleep');
  writeFileSync(`${scratch.path}/mark`, 'here');
  const descend = `for _ in 1 2; do mkdir -p ${'d/'.repeat(1000)}; cd -P ${'d/'.repeat(1000)}; done`;
  for (const [name, script] of [
    ['deep', `${descend}; mv ${jail} x; exec chroot x sleep 1000`],
    ['not deep', 'mount --bind / /mnt; exec chroot /mnt sleep 1000'],
  ] as const) {
    const child = spawn('unshare', ['--mount', 'bash', '-ec', script], { cwd: deep, stdio: 'inherit' });
    const pid = child.pid ?? 0;
    await until(() => readFileSync(`/proc/${String(pid)}/comm`, 'utf8') === 'sleep\n', name);
    const root = openNamespaceRoot(pid);
    t.equal(root.findText(`${scratch.path}/mark`), 'here', name);
    t.equal(root.isDirectory(nameFromText('/proc/self')), true, `${name}: with what is mounted`);
    root.close();
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await removeDirectory(deep);
});

t.test('the root of a container stays what it is', needs(...containerNeeds), async (t) => {
  const { get, scratch } = makeStrata(t, (path) => {
    copyProgram(makeSmallRoot(path), '/usr/sbin/chroot', '/bin/chroot');
    const jail = `${path}/jail/deep`;
    mkdirSync(`${jail}/bin`, { recursive: true });
    copyProgram(jail, '/usr/bin/sleep', '/bin/sleep');
    return path;
  });
  get(
    'run',
    '-d',
    '--name',
    'jailed',
    'base',
    'sh',
    '-c',
    'echo here > /mark; exec chroot /jail/deep sleep 1000',
  );
  await until(() => get('exec', 'jailed', 'readlink', '/proc/1/root') === '/jail/deep', 'the chroot');
  const copy = `${scratch.path}/copy`;
  get('cp', 'jailed:/mark', copy);
  t.equal(readFileSync(copy, 'utf8'), 'here\n');
  writeFileSync(copy, 'brought\n');
  get('cp', copy, 'jailed:/tmp/brought');
  t.equal(get('exec', 'jailed', 'cat', '/tmp/brought'), 'brought');
  t.equal(get('exec', '-u', 'app', 'jailed', 'id', '-u'), '1000', 'accounts are those of the container');
});
