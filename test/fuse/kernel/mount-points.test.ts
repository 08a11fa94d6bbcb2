import t from 'tap';
import { mountedOn, MountPoints } from '../../../src/fuse/kernel/mount-points.ts';
import { asName } from '../../../src/base/name.ts';
import { parseMounts } from '../../../src/os/mountinfo.ts';
import { RealFs } from '../../../src/os/real-fs.ts';

const own = '0:77';

t.test('what is mounted on a file system, wherever that is mounted itself', (t) => {
  const mounts = parseMounts(
    [
      '20 1 8:1 / / rw - ext4 /dev/sda rw',
      `30 20 ${own} / /srv/merged rw - fuse.stratafs x rw`,
      '31 30 0:5 / /srv/merged/proc rw - proc proc rw',
      '32 30 8:1 /x /srv/merged/etc/a\\040file rw - ext4 /dev/sda rw',
      '33 32 0:6 / /srv/merged/etc/deeper rw - tmpfs t rw',
      `40 20 ${own} /etc /mnt/etc rw - fuse.stratafs x rw`,
      '41 40 8:1 /y /mnt/etc/hosts rw - ext4 /dev/sda rw',
      '42 20 8:1 /z /srv/merged-not rw - ext4 /dev/sda rw',
    ].join('\n'),
  );
  t.strictSame(mountedOn(mounts, own), ['/proc', '/etc/a file', '/etc/hosts']);
  const container = parseMounts(
    [`50 1 ${own} / / rw - fuse.stratafs x rw`, '51 50 8:1 /h /etc/hosts rw - ext4 /dev/sda rw'].join('\n'),
  );
  t.strictSame(mountedOn(container, own), ['/etc/hosts']);
  t.end();
});

t.test('of a mount that cannot be told, everything may be a mount point', (t) => {
  t.equal(new MountPoints(new RealFs(), () => undefined).hasAny([asName('/file')]), true);
  t.equal(new MountPoints(new RealFs(), () => '0:0').hasAny([asName('/file')]), false);
  t.end();
});
