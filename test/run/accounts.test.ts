import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { InRoot } from '../../src/os/in-root.ts';
import { lookUpAccount } from '../../src/run/accounts.ts';
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
    ['', 0, 0, [0], '/root'],
    ['root', 0, 0, [0], '/root'],
    ['app', 1000, 1001, [1001, 1002, 1003], '/home/app'],
    ['1000', 1000, 1001, [1001, 1002, 1003], '/home/app'],
    ['app:extra', 1000, 1002, [1002], '/home/app'],
    ['app:7', 1000, 7, [7], '/home/app'],
    ['4242', 4242, 0, [0], '/'],
    ['4242:4343', 4242, 4343, [4343], '/'],
    ['77', 5, 6, [6], '/n'],
  ] as const) {
    t.strictSame(lookUpAccount(root, user), { uid, gid, additionalGids, home }, user);
  }
  for (const [user, additionalGids] of [
    ['', [0, 1003, 77]],
    ['app', [1001, 1002, 1003, 77]],
    ['app:extra', [1002, 1003, 77]],
  ] as const)
    t.strictSame(lookUpAccount(root, user, ['more', '1003', '77']).additionalGids, additionalGids, user);
  t.throws(() => lookUpAccount(root, '', ['nogroup']), { code: 'no-such-user', exitCode: 125 });
  for (const user of ['nobody', 'app:nogroup'])
    t.throws(() => lookUpAccount(root, user), { code: 'no-such-user', exitCode: 125 });
  rmSync(`${path}/etc`, { recursive: true });
  t.strictSame(lookUpAccount(root, ''), { uid: 0, gid: 0, additionalGids: [0], home: '/' });
});
