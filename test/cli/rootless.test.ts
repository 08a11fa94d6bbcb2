/**
 * Mounts of an ordinary user, by either door: through fusermount3, and with mount(2) as root of a user namespace, where
 * fusermount3 is not to be had.
 */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { makeScratch, programPath } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { serversOf, until } from './fixtures/program.ts';

const run = promisify(execFile);
/** `games`: a user that every Debian has, with nothing of its own. */
const user = { uid: 5, gid: 60 };
/** In a mount namespace of its own /dev/fuse has the mode that udev gives it. */
const prepared = [
  ...['unshare', '-m', '--propagation', 'private', 'sh', '-c'],
  'mknod -m 666 fuse c 10 229 && mount --bind fuse /dev/fuse && exec "$@"',
  ...['sh', 'setpriv', '--reuid=5', '--regid=60', '--clear-groups'],
] as const;

const session = (unmount: string): string => `set -e
  "$1" --door="$2" -o lowerdir=lower,upperdir=upper,workdir=work mount
  cat mount/file
  echo new > mount/new
  echo changed > mount/file
  stat -c "%u %g %a" mount/new
  ${unmount} mount
  ls mount`;

const ways = {
  fusermount3: { argv: ['sh', '-c', session('fusermount3 -u')], owner: '5 60' },
  'mount(2) in a user namespace': {
    argv: [
      'unshare',
      '-Urm',
      'sh',
      '-c',
      `mount --bind /bin/false /usr/bin/fusermount3; ${session('umount')}`,
    ],
    owner: '0 0',
  },
} as const;

for (const [way, { argv, owner }] of Object.entries(ways)) {
  for (const door of ['kernel', 'libfuse']) {
    const wanted = needs(...mountNeeds, 'program:fusermount3', 'program:setpriv', 'program:unshare');
    t.test(`door=${door}, ${way}`, wanted, async (t) => {
      const scratch = makeScratch(t);
      chmodSync(scratch.path, 0o755);
      for (const name of ['lower', 'upper', 'work', 'mount']) {
        chownSync(scratch.directory(name), user.uid, user.gid);
      }
      writeFileSync(join(scratch.path, 'lower', 'file'), 'below\n');
      chownSync(join(scratch.path, 'lower', 'file'), user.uid, user.gid);
      const [command, ...args] = prepared;
      const { stdout } = await run(command, [...args, ...argv, 'sh', programPath, door], {
        cwd: scratch.path,
        timeout: 120_000,
      });
      t.equal(stdout, `below\n${owner} 644\n`);
      const at = join(scratch.path, 'mount');
      await until(() => serversOf(at).length === 0, 'the server to end');
      const made = statSync(join(scratch.path, 'upper', 'new'));
      t.strictSame([made.uid, made.gid], [user.uid, user.gid]);
      t.equal(readFileSync(join(scratch.path, 'upper', 'file'), 'utf8'), 'changed\n');
      t.equal(readFileSync(join(scratch.path, 'lower', 'file'), 'utf8'), 'below\n');
    });
  }
}
