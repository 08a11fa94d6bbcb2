import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { findMountAt, isMounted, parseMounts, readMounts } from '../../src/os/mountinfo.ts';

t.test('a line, with optional fields and octal escapes', (t) => {
  const text =
    '36 35 98:0 /a\\040b /mnt/\\134x\\011 rw,noatime master:1 shared:2 - fuse.strata-fs so\\012urce rw,user_id=0\n' +
    '37 35 0:44 / /plain ro - tmpfs  ro\n' +
    'nonsense\n';
  t.same(parseMounts(text), [
    {
      id: 36,
      parentId: 35,
      device: '98:0',
      root: '/a b',
      mountPoint: '/mnt/\\x\t',
      options: ['rw', 'noatime'],
      type: 'fuse.strata-fs',
      source: 'so\nurce',
      superOptions: ['rw', 'user_id=0'],
    },
    {
      id: 37,
      parentId: 35,
      device: '0:44',
      root: '/',
      mountPoint: '/plain',
      options: ['ro'],
      type: 'tmpfs',
      source: '',
      superOptions: ['ro'],
    },
  ]);
  t.end();
});

t.test('the machine has a root and a /proc', (t) => {
  t.ok(readMounts().length > 1);
  const proc = findMountAt(asName('/proc'));
  t.equal(proc?.type, 'proc');
  t.equal(isMounted(proc?.device ?? ''), true);
  t.equal(isMounted(proc?.device ?? '', asName('/proc')), true);
  t.equal(isMounted(proc?.device ?? '', asName('/nowhere')), false);
  t.equal(isMounted('0:0'), false);
  t.equal(findMountAt(asName('/nowhere')), undefined);
  t.end();
});
