import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import t from 'tap';
import { asName, nameFromText } from '../../src/base/name.ts';
import { O_PATH } from '../../src/os/constants.ts';
import { fdPath, InRoot } from '../../src/os/in-root.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

t.test('no link leads out of a root', async (t) => {
  const scratch = makeScratch(t);
  const path = scratch.directory('root');
  const outside = scratch.directory('outside');
  writeFileSync(`${outside}/passwd`, 'evil:x:0:0::/:\n');
  mkdirSync(`${path}/real`);
  symlinkSync(outside, `${path}/etc`);
  symlinkSync('../../../../real', `${path}/up`);
  symlinkSync('/proc/self/root', `${path}/magic`);
  const root = new InRoot(path);
  t.teardown(() => {
    root.close();
  });
  t.equal(root.findText('/etc/passwd'), undefined);
  const up = root.open(nameFromText('/up'), O_PATH);
  t.equal(readlinkSync(fdPath(up)), `${path}/real`);
  closeSync(up);
  const { directory, made } = root.makeDirectory(nameFromText('/up/../../a/b'));
  t.equal(readlinkSync(fdPath(directory)), `${path}/a/b`);
  t.equal(made, '/up/../../a');
  closeSync(directory);
  const through = root.makeDirectory(nameFromText('/etc/new'));
  t.equal(readlinkSync(fdPath(through.directory)), `${path}${outside}/new`);
  t.match(through.made, /^\//);
  closeSync(through.directory);
  t.notOk(existsSync(`${outside}/new`));
  symlinkSync('/loop', `${path}/again`);
  symlinkSync('again/x', `${path}/loop`);
  t.throws(() => root.makeDirectory(nameFromText('/loop/x')), { code: 'ELOOP' });
  t.equal(root.findText('/magic/etc/passwd'), undefined);
});

t.test('directories that are missing are made', needs('root'), async (t) => {
  const { path } = makeScratch(t);
  const umask = process.umask(0o077);
  t.teardown(() => {
    process.umask(umask);
  });
  const root = new InRoot(path);
  t.teardown(() => {
    root.close();
  });
  mkdirSync(`${path}/there`);
  writeFileSync(`${path}/file`, '');
  closeSync(root.makeDirectory(nameFromText('/there/a/b'), { uid: 3, gid: 4 }).directory);
  for (const [name, mode, uid, gid] of [
    ['there', 0o700, 0, 0],
    ['there/a', 0o755, 3, 4],
    ['there/a/b', 0o755, 3, 4],
  ] as const) {
    const facts = lstatSync(`${path}/${name}`);
    t.strictSame([facts.mode & 0o7777, facts.uid, facts.gid], [mode, uid, gid], name);
  }
  const again = root.makeDirectory(nameFromText('/there/a/b'));
  closeSync(again.directory);
  t.equal(again.made, undefined);
  t.throws(() => root.makeDirectory(nameFromText('/file')), { code: 'ENOTDIR' });
  t.throws(() => root.makeDirectory(nameFromText('/file/x')), { code: 'ENOTDIR' });
  t.ok(root.isDirectory(asName('/there')));
  t.notOk(root.isDirectory(asName('/file')));
  t.ok(root.exists(asName('/file')));
  t.ok(root.exists(asName('')), 'the root');
  t.strictSame(readdirSync(path).sort(), ['file', 'there']);
});

t.test('where a path leads', async (t) => {
  const { path } = makeScratch(t);
  const root = new InRoot(path);
  t.teardown(() => {
    root.close();
  });
  for (const name of ['etc', 'private/etc']) mkdirSync(`${path}/${name}`, { recursive: true });
  symlinkSync('../run/none/file', `${path}/etc/link`);
  symlinkSync('/etc/link', `${path}/chain`);
  symlinkSync('/private/etc', `${path}/other`);
  symlinkSync('loop', `${path}/loop`);
  symlinkSync('../../x', `${path}/private/etc/up`);
  for (const [given, end] of [
    ['/none', '/none'],
    ['/none/below', '/none/below'],
    ['/etc', '/etc'],
    ['/etc/link', '/etc/../run/none/file'],
    ['/chain', '/etc/../run/none/file'],
    ['/other/up', '/other/../../x'],
  ] as const)
    t.equal(root.endOf(asName(given)), end, given);
  t.throws(() => root.endOf(asName('/loop')), { code: 'ELOOP' });
  closeSync(root.makeDirectory(root.endOf(asName('/other/up'))).directory);
  t.ok(existsSync(`${path}/x`), 'as the kernel takes it');
});
