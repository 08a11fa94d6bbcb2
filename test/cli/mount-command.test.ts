/**
 * mount(8), fstab(5) and containerd's mount.fuse3, which look for the program in /usr/bin: it is put there in a mount
 * namespace that ends with the test.
 */
import t, { type Test } from 'tap';
import { makeScratch, programPath } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { shell } from '../regress/fixtures/shell.ts';

const need = needs(...mountNeeds, 'overlayfs', 'program:mount.fuse3', 'program:findmnt');

/** A script that finds `stratafs` in /usr/bin, layers with a file `a`, and an empty directory `at`. */
async function inNamespace(t: Test, script: string): Promise<string> {
  const scratch = makeScratch(t);
  for (const name of ['lower', 'upper', 'work', 'at', 'bin']) scratch.directory(name);
  const prepare = `
    mount -t tmpfs tmpfs bin; mkdir bin/upper bin/work
    mount -t overlay overlay -o lowerdir=/usr/bin,upperdir=bin/upper,workdir=bin/work /usr/bin
    ln -s ${programPath} /usr/bin/stratafs
    echo lower >lower/a
    at=$PWD/at layers=lowerdir=$PWD/lower,upperdir=$PWD/upper,workdir=$PWD/work
    # The server is in this namespace, too, and has an end of its own.
    gone() { for n in $(seq 100); do pgrep -f "^@stratafs $at" >/dev/null || return 0; sleep 0.1; done; echo "it stays"; }
  `;
  const whole = `${prepare}\n${script}`;
  return shell(
    scratch.path,
    `exec unshare -m --propagation private sh -ec '${whole.replaceAll("'", `'\\''`)}'`,
  );
}

t.test('mount -t fuse.stratafs, and umount', need, async (t) => {
  const said = await inNamespace(
    t,
    `mount -t fuse.stratafs overlay $at -o $layers,noatime
     findmnt -n -o SOURCE,FSTYPE,OPTIONS $at
     cat at/a; echo new >at/b
     umount $at; gone; cat upper/b`,
  );
  t.match(said, /^overlay +fuse\.stratafs rw,noatime,/);
  t.match(said, /\nlower\nnew$/);
});

t.test('a line of fstab: mount TARGET, mount -a, umount TARGET', need, async (t) => {
  const said = await inNamespace(
    t,
    `echo "overlay $at fuse.stratafs $layers,noauto,nofail,_netdev,user,x-systemd.automount,comment=x 0 0" >fstab
     mount -T fstab $at; cat at/a; findmnt -n -o OPTIONS $at; umount $at; gone
     sed -i "s/noauto,//; s/,user//" fstab
     mount -a -T fstab; mount -a -T fstab; cat at/a; umount $at; gone
     echo "stratafs#overlay $at fuse $layers,ro 0 0" >fstab
     mount -T fstab $at; cat at/a; touch at/b || true; umount $at; gone; ls upper`,
  );
  t.equal(said.match(/^lower$/gm)?.length, 3);
  t.match(said, /^rw,nosuid,nodev,noexec,/m, 'user means what mount(8) says');
  t.match(said, /Read-only file system$/);
});

t.test('mount -o remount changes the flags, and nothing else', need, async (t) => {
  const said = await inNamespace(
    t,
    `options() { findmnt -n -o VFS-OPTIONS,FS-OPTIONS $at | sed "s/,user_id.*//; s/  */ /"; }
     mount -t fuse.stratafs overlay $at -o $layers,nosuid,strictatime; echo new >at/b
     mount -o remount,ro $at; options; touch at/c || true
     mount -o remount,rw,noexec $at; options; touch at/c
     echo "overlay $at fuse.stratafs lowerdir=/nowhere,nosuid,nodev 0 0" >fstab
     mount -T fstab -o remount,ro $at; options
     mount -o remount,rw $at; exec 8>at/b; mount -o remount,ro $at && echo remounted || true; options
     exec 8>&-; umount $at; gone; ls upper; mount -o remount $at 2>&1 || true
     stratafs -o remount,ro $at && echo remounted || true
     mount -t tmpfs tmpfs $at; stratafs -o remount,ro $at || true; umount $at`,
  );
  const at = '[^ ]+/at';
  const lines = [
    'ro,nosuid ro',
    "touch: cannot touch 'at/c': Read-only file system",
    'rw,nosuid,noexec rw',
    'ro,nosuid,nodev,noexec ro',
    `stratafs: ${at} is busy: a file is open for writing there: fuser -vm ${at} names .*`,
    'rw,nosuid,nodev,noexec rw',
    ...['b', 'c'],
    `mount: ${at}: mount point not mounted or bad option[^]*`,
    `stratafs: no stratafs is mounted at ${at}: leave out remount to mount one`,
    `stratafs: no stratafs is mounted at ${at}: leave out remount to mount one`,
  ];
  t.match(said, new RegExp(`^${lines.join('\n')}$`));
});

t.test('an error of the program is one of mount(8)', need, async (t) => {
  const said = await inNamespace(
    t,
    'if mount -t fuse.stratafs overlay $at -o lowerdir=/nowhere; then echo mounted; fi; findmnt $at || echo nothing',
  );
  t.match(said, /^stratafs: the lower layer \/nowhere does not exist: .*\nnothing$/);
});

t.test('mount.fuse3 as containerd calls it, twice in a moment', need, async (t) => {
  const said = await inNamespace(
    t,
    `options=$(echo $layers | tr , "\\n" | sort -r | paste -sd,),dev,suid
     mount.fuse3 overlay $at -o $options -t stratafs >out 2>&1 &
     mount.fuse3 overlay $at -o $options -t stratafs 2>&1 | cat
     wait; cat out at/a; findmnt -n -o FSTYPE,OPTIONS $at
     umount $at; gone`,
  );
  t.match(said, /^lower\nfuse\.stratafs rw,/);
  t.notMatch(said, /nosuid|nodev/);
  t.equal(said.split('\n').length, 2, 'one mount');
});
