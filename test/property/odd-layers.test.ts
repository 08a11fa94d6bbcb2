/**
 * Random operations in a mount of ours over layers that are not directories of an ordinary file system: mounts of FUSE
 * and of overlays, file systems that copy on write, that are in memory, that cannot be written; and with upper and
 * work on such.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { fileURLToPath } from 'node:url';
import { makeScratch, programPath } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const run = promisify(execFile);
const player = fileURLToPath(new URL('fixtures/turns.py', import.meta.url));
const turns = 3;
const operations = 40;

const options = 'lowerdir={lower},upperdir={upper},workdir={work}';
const strata = (more = ''): unknown => ['stratafs', [programPath, '-o', options + more, '{at}'], false];

interface Game {
  /** Prepares the place in which everything lies. */
  readonly before?: string;
  /** Shows the lower layers another way. */
  readonly stage?: string;
  readonly programs: readonly unknown[];
}

async function play(t: Test, { before = ':', stage = '', programs }: Game): Promise<void> {
  const scratch = makeScratch(t);
  const place = scratch.directory('place');
  const numbers = ['1', String(turns), String(operations)];
  const script = `set -e; cd '${scratch.path}'; ${before}; "$@"`;
  const { stdout } = await run('unshare', [
    ...['-m', '--propagation', 'private', 'sh', '-c', script, 'sh'],
    ...['python3', player, place, ...numbers, 'aufs', JSON.stringify(programs), stage],
  ]);
  t.equal(stdout, '');
}

const image = (make: string): string =>
  `truncate -s 400M image; ${make} image >&2; mount -o loop image place`;
const withAndWithoutIndex = [strata(), strata(',metacopy=off,redirect_dir=off,index=off')];
const overlay = 'mkdir none u w; mount -t overlay overlay -o lowerdir=none:lower,upperdir=u,workdir=w seen';

const games: Readonly<Record<string, Game>> = {
  'a mount of FUSE: bindfs': { stage: 'bindfs lower seen', programs: withAndWithoutIndex },
  'a mount of ours': {
    stage: `mkdir none; '${programPath}' -o lowerdir=none:lower,whiteout=overlay seen`,
    programs: withAndWithoutIndex,
  },
  "a mount of the kernel's overlayfs": { stage: overlay, programs: withAndWithoutIndex },
  'a read-only bind mount': {
    stage: 'mount --bind lower seen; mount -o remount,bind,ro seen',
    programs: withAndWithoutIndex,
  },
  'tmpfs below': { stage: 'mount -t tmpfs tmpfs seen; cp -a lower/. seen', programs: withAndWithoutIndex },
  'xfs, upper and all': { before: image('mkfs.xfs -q'), programs: withAndWithoutIndex },
  'btrfs, upper and all': { before: image('mkfs.btrfs -q'), programs: withAndWithoutIndex },
  'a mount of ours, upper and all': {
    before: `mkdir none u w; '${programPath}' -o lowerdir=none,upperdir=u,workdir=w,whiteout=overlay place`,
    programs: withAndWithoutIndex,
  },
  "a mount of the kernel's overlayfs, upper and all": {
    before: 'mkdir none u w; mount -t overlay overlay -o lowerdir=none,upperdir=u,workdir=w place',
    programs: withAndWithoutIndex,
  },
  'tmpfs, upper and all': { before: 'mount -t tmpfs tmpfs place', programs: withAndWithoutIndex },
};

for (const [name, game] of Object.entries(games)) {
  const need = needs(...mountNeeds, 'overlayfs', 'program:bindfs', 'program:mkfs.xfs', 'program:mkfs.btrfs');
  t.test(name, need, (t) => play(t, game));
}
