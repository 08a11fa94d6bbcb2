/**
 * The rule by which a mount has a process of its own, over tables of mounts as /proc shows them.
 */
import t from 'tap';
import { asName } from '../../../src/base/name.ts';
import { mustBeAlone } from '../../../src/cli/shared/must-be-alone.ts';
import { parseMounts } from '../../../src/os/mountinfo.ts';

const table = parseMounts(
  [
    '1 0 8:1 / / rw - ext4 /dev/sda1 rw',
    '2 1 0:40 / /m/fuse rw - fuse.stratafs stratafs rw',
    '3 1 0:41 / /m/nfs rw - nfs4 host:/export rw',
    '4 1 8:1 /data /m/fuse/bound rw - ext4 /dev/sda1 rw',
    '5 1 0:42 / /m/over rw - overlay overlay rw,lowerdir=/m/fuse/x:/b,upperdir=/u,workdir=/w',
    '6 1 0:43 / /m/plain rw - overlay overlay rw,lowerdir=/a:/b,upperdir=/u,workdir=/w',
    '7 1 0:44 / /m/relative rw - overlay overlay rw,lowerdir=a:/b',
    '8 1 7:0 / /m/loop rw - ext4 /dev/loop0 rw',
    '9 1 7:1 / /m/image rw - ext4 /dev/loop1 rw',
    '10 1 0:45 / /m/twice rw - overlay overlay rw,lowerdir=/m/over/y',
    '11 1 0:46 / /m/parts rw - overlay overlay rw,lowerdir+=/a,lowerdir+=/m/nfs/z',
    '12 1 0:47 / /m/colon rw - overlay overlay rw,lowerdir=/m/fu\\\\134:se:/b',
    '13 1 0:48 / /m/tmp rw - tmpfs tmpfs rw',
    '14 1 0:49 / /m/ntfs rw - fuseblk /dev/sdb1 rw',
  ].join('\n'),
);

const images: Readonly<Record<string, string>> = { '7:0': '/m/fuse/disk.img', '7:1': '/srv/disk.img' };
const stack = {
  mounts: table,
  filesBehind: ({ device }: { readonly device: string }) =>
    images[device] === undefined ? [] : [asName(images[device])],
};

const cases = {
  '/a': false,
  '/m/fuse': true,
  '/m/fuse/x': true,
  '/m/fused': false,
  '/m/nfs/x': true,
  '/m/fuse/bound/x': true,
  '/m/over': true,
  '/m/plain/x': false,
  '/m/relative': true,
  '/m/loop/x': true,
  '/m/image/x': false,
  '/m/twice': true,
  '/m/parts': true,
  '/m/tmp': false,
  '/m/ntfs': true,
} as const;

t.test('one path', (t) => {
  for (const [path, isAlone] of Object.entries(cases)) {
    t.equal(mustBeAlone([asName(path)], stack), isAlone, path);
  }
  t.end();
});

t.test('one of several', (t) => {
  t.equal(mustBeAlone([asName('/a'), asName('/m/tmp'), asName('/m/nfs/x')], stack), true);
  t.equal(mustBeAlone([asName('/a'), asName('/m/tmp')], stack), false);
  t.end();
});
