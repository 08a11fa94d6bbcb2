import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { nameFromText } from '../../src/base/name.ts';
import { O_PATH } from '../../src/os/constants.ts';
import { fdPath, InRoot } from '../../src/os/in-root.ts';
import { lookUpAccount } from '../../src/run/accounts.ts';
import { closeSync, existsSync, readlinkSync } from 'node:fs';
import { makeScratch } from '../fixtures/mount.ts';

t.test('users are those of the root', async (t) => {
  const { path } = makeScratch(t);
  mkdirSync(`${path}/etc`);
  writeFileSync(
    `${path}/etc/passwd`,
    '# comment\nroot:x:0:0::/root:/bin/sh\nbad line\napp:x:1000:1001::/home/app:\n77:x:5:6::/n:\n',
  );
  writeFileSync(`${path}/etc/group`, 'root:x:0:\nstaff:x:1001:\nextra:x:1002:x,app\nmore:x:1003:app\n');
  const root = new InRoot(path);
  t.teardown(() => {
    root.close();
  });
  for (const [user, uid, gid, additionalGids, home] of [
    ['', 0, 0, [], '/root'],
    ['root', 0, 0, [], '/root'],
    ['app', 1000, 1001, [1002, 1003], '/home/app'],
    ['1000', 1000, 1001, [1002, 1003], '/home/app'],
    ['app:extra', 1000, 1002, [], '/home/app'],
    ['app:7', 1000, 7, [], '/home/app'],
    ['4242', 4242, 0, [], '/'],
    ['4242:4343', 4242, 4343, [], '/'],
    ['77', 5, 6, [], '/n'],
  ] as const) {
    t.strictSame(lookUpAccount(root, user), { uid, gid, additionalGids, home }, user);
  }
  for (const user of ['nobody', 'app:nogroup'])
    t.throws(() => lookUpAccount(root, user), { code: 'no-such-user', exitCode: 126 });
  rmSync(`${path}/etc`, { recursive: true });
  t.strictSame(lookUpAccount(root, ''), { uid: 0, gid: 0, additionalGids: [], home: '/' });
});

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
  t.throws(() => lookUpAccount(root, 'evil'), { code: 'no-such-user' });
  const up = root.open(nameFromText('/up'), O_PATH);
  t.equal(readlinkSync(fdPath(up)), `${path}/real`);
  closeSync(up);
  const { directory, made } = root.makeDirectory(nameFromText('/up/../../a/b'));
  t.equal(readlinkSync(fdPath(directory)), `${path}/a/b`);
  t.equal(made, '/up/../../a');
  closeSync(directory);
  t.throws(() => root.makeDirectory(nameFromText('/etc/new')), { code: 'ENOENT' });
  t.notOk(existsSync(`${outside}/new`));
  t.equal(root.findText('/magic/etc/passwd'), undefined);
});
