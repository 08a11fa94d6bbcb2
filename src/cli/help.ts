/**
 * What `-h` and `--version` print. Called as fuse-overlayfs, the first line is one that its clients can read.
 */
import { readPackageVersion } from '../os/package-version.ts';
import { protocol } from '../wire/flags.ts';
import type { ProgramName } from './command-line.ts';

const text = `usage: stratafs [-f] [-d] -o lowerdir=TOP:...:BOTTOM[,upperdir=U,workdir=W][,OPTION...] MOUNTPOINT
       stratafs --settle -o lowerdir=...,upperdir=U,workdir=W[,OPTION...]

Shows directories stacked as one tree at MOUNTPOINT. Changes go to the directory U; without one the tree is
read-only. W is an empty directory on the file system of U. Returns when the tree can be used.
Unmount with: umount MOUNTPOINT

  -f             stay in front; SIGINT and SIGTERM unmount
  -d             log every request on standard error; implies -f
  --settle       make the upper U plain, for kernels and tools without these options; it must not be mounted
  -h, --help     this text
  -V, --version  the version
  -o OPTION,...
    lowerdir=TOP:...:BOTTOM[::DATA...]  the layers; \\: and \\, stand for a colon and a comma in a path
    upperdir=U,workdir=W                where changes are kept
    ro, noatime, nodev, nosuid, noexec, allow_other, fsname=NAME, ...   as for any mount
    metacopy=on|off, redirect_dir=on|follow|nofollow|off, index=on|off, xino=auto|on|off, userxattr, volatile
                                        as for the kernel's overlayfs
    coherence=strict|relaxed            whether open files follow a copy-up
    whiteout=auto|overlay|aufs          which whiteouts are read
    uidmapping=ON-DISK:SHOWN:COUNT[:...], gidmapping=..., squash_to_root, squash_to_uid=N, squash_to_gid=N
                                        owners that show as others
    xattr_permissions=0|1|2             whether owners and modes are kept in attributes
    passthrough=auto|on|off             whether the kernel reads and writes files itself
    low_latency=auto|on|off             whether processors stay awake while there is much to do
    shared[=on|off]                     one process for the mounts that ask for it
    fsync=on|off                        off: fsync answers at once
    door=kernel|libfuse                 libfuse: through libfuse 2, which carries less; also --door=
    timeout=SECONDS                     for layers that others change: how old names and attributes may be
    static_nlink, ino32_t, noacl, noxattrs=1, writeback=0, max_read=BYTES, max_write=BYTES, context=LABEL, private
                                        as for fuse-overlayfs
    log=FILE                            messages of a server in the background

More: man stratafs
`;

/** The fuse-overlayfs whose options and formats are all known here. */
const replaced = '1.16';

export function helpText(program: ProgramName): string {
  if (program === 'stratafs') return text;
  return text.replaceAll(/\bstratafs (?=\[|--settle)/g, `${program} `);
}

export function versionText(program: ProgramName): string {
  const own = `stratafs: version ${readPackageVersion()}\n`;
  if (program === 'stratafs') return own;
  const kernel = `using FUSE kernel interface version ${String(protocol.major)}.${String(protocol.minor)}\n`;
  return `${program}: version ${replaced}\n${own}${kernel}`;
}
