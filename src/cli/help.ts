/**
 * What `-h` and `--version` print.
 */
import { readPackageVersion } from '../os/package-version.ts';

export const helpText = `usage: stratafs [-f] [-d] -o lowerdir=TOP:...:BOTTOM[,upperdir=U,workdir=W][,OPTION...] MOUNTPOINT
       stratafs --settle -o lowerdir=...,upperdir=U,workdir=W[,OPTION...]

Shows directories stacked as one tree at MOUNTPOINT. Changes go to the directory U; without one the tree is
read-only. W is an empty directory on the file system of U. Returns when the tree can be used.
Unmount with: umount MOUNTPOINT

  -f           stay in front; SIGINT and SIGTERM unmount
  -d           log every request on standard error; implies -f
  --settle     make the upper U plain, for kernels and tools without these options; it must not be mounted
  -h, --help   this text
  --version    the version
  -o OPTION,...
    lowerdir=TOP:...:BOTTOM[::DATA...]  the layers; \\: and \\, stand for a colon and a comma in a path
    upperdir=U,workdir=W                where changes are kept
    ro, noatime, nodev, nosuid, noexec, allow_other, fsname=NAME, ...   as for any mount
    metacopy=on|off, redirect_dir=on|follow|nofollow|off, index=on|off, xino=auto|on|off, userxattr, volatile
                                        as for the kernel's overlayfs
    coherence=strict|relaxed            whether open files follow a copy-up
    whiteout=auto|overlay|aufs          which whiteouts are read in lower layers
    passthrough=auto|on|off             whether the kernel reads and writes files itself
    low_latency=auto|on|off             whether processors stay awake while there is much to do
    fsync=on|off                        off: fsync answers at once
    timeout=SECONDS                     for layers that others change: how old names and attributes may be
    log=FILE                            messages of a server in the background

More: man stratafs
`;

export function versionText(): string {
  return `stratafs: version ${readPackageVersion()}\n`;
}
