/** The text of override_stat, as containers/storage and fuse-overlayfs write it. */
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import {
  formatOverride,
  nameBehindOverride,
  overrideFormatOf,
  overrideNameOf,
  parseOverride,
} from '../../src/layer/override-stat.ts';
import * as os from '../../src/os/constants.ts';

const device = (major: number, minor: number): number => major * 2 ** 20 + minor;
const whole = [
  ['0:0:0755:dir', { uid: 0, gid: 0, mode: 0o755, type: os.S_IFDIR, rdev: 0 }],
  ['1000:1001:04755:file', { uid: 1000, gid: 1001, mode: 0o4755, type: os.S_IFREG, rdev: 0 }],
  ['1:2:0600:pipe', { uid: 1, gid: 2, mode: 0o600, type: os.S_IFIFO, rdev: 0 }],
  ['1:2:00:socket', { uid: 1, gid: 2, mode: 0, type: os.S_IFSOCK, rdev: 0 }],
  ['4294967294:0:0777:symlink', { uid: 4294967294, gid: 0, mode: 0o777, type: os.S_IFLNK, rdev: 0 }],
  ['0:6:0660:block-8-17', { uid: 0, gid: 6, mode: 0o660, type: os.S_IFBLK, rdev: device(8, 17) }],
  ['0:5:0620:char-204-65537', { uid: 0, gid: 5, mode: 0o620, type: os.S_IFCHR, rdev: device(204, 65537) }],
] as const;

t.test('what is written is read', async (t) => {
  for (const [text, override] of whole) {
    t.strictSame(parseOverride(Buffer.from(text)), override, text);
    t.equal(formatOverride(override).toString(), text);
  }
});

t.test('what others write', async (t) => {
  const plain = { uid: 5, gid: 6, mode: 0o640, type: undefined, rdev: 0 };
  // fuse-overlayfs writes no type, and that of the inode into the mode; containers/storage of old ended it with a NUL.
  for (const text of ['5:6:640', '5:6:0640', '5:6:100640', '5:6:0640\0']) {
    t.strictSame(parseOverride(Buffer.from(text)), plain, text);
  }
  t.match(parseOverride(Buffer.from('3:-1:40755')), { uid: 3, gid: undefined, mode: 0o755 });
});

t.test('what makes no sense', async (t) => {
  const senseless = ['', '5', '5:6', '5:6:', '5:6:8', 'a:6:755', '5:6:755:', '5:6:755:door', '-2:6:755'];
  for (const text of [
    ...senseless,
    '5:6:755:char',
    '5:6:755:char-1',
    '5:6:755:file-1-2',
    '5:6:755:char-1-3 ',
  ]) {
    t.equal(parseOverride(Buffer.from(text)), undefined, text);
  }
});

t.test('names of security attributes', async (t) => {
  const containers = overrideFormatOf(2)!;
  const privileged = overrideFormatOf(1)!;
  const capability = asName('security.capability');
  const kept = asName('user.containers.override_security.capability');
  t.equal(overrideFormatOf(0), undefined);
  t.equal(overrideNameOf(containers, capability), kept);
  t.equal(nameBehindOverride(containers, kept), capability);
  t.equal(nameBehindOverride(containers, capability), capability, 'one that was left plain');
  t.equal(overrideNameOf(containers, asName('user.x')), 'user.x');
  t.equal(overrideNameOf(containers, asName(`security.${'x'.repeat(230)}`)), undefined, 'too long');
  t.equal(overrideNameOf(privileged, capability), capability);
  t.equal(nameBehindOverride(privileged, capability), capability);
});
