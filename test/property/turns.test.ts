/**
 * One upper under several mount programs, turn by turn: fuse-overlayfs, the kernel's overlayfs and ours, as root and
 * in a user namespace, over lower layers with whiteouts of AUFS, of overlayfs, and of both. STRATA_PROPERTY_SECONDS
 * plays longer, STRATA_PROPERTY_SEED begins elsewhere.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { makeScratch, programPath } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const run = promisify(execFile);
const player = fileURLToPath(new URL('fixtures/turns.py', import.meta.url));
const need = needs(...mountNeeds, 'overlayfs', 'program:fuse-overlayfs', 'program:python3');
const seconds = Number(process.env.STRATA_PROPERTY_SECONDS ?? '0');
const firstSeed = Number(process.env.STRATA_PROPERTY_SEED ?? '1');
const seeds = 2;
const operations = 25;

const layers = 'lowerdir={lower},upperdir={upper},workdir={work}';
const inNamespace = ['unshare', '-m', '--propagation', 'private'];
const rootless = ['unshare', '-U', '-r', '-m', '--propagation', 'private'];

/** A program that takes a turn; one that leads is taken at its word. */
type Turn = readonly [name: string, command: readonly string[], leads: boolean];

const kernel: Turn = ['the kernel', ['mount', '-t', 'overlay', 'overlay', '-o', layers, '{at}'], false];
const theirs: Turn = ['fuse-overlayfs', ['/usr/bin/fuse-overlayfs', '-o', layers, '{at}'], true];
const ours: Turn = ['stratafs', [programPath, '-o', layers, '{at}'], false];
const settle: Turn = ['--settle', [programPath, '--settle', '-o', layers], false];

interface Game {
  readonly before?: readonly string[];
  readonly whiteouts: 'aufs' | 'overlay' | 'mixed';
  readonly turns: (called: string) => readonly Turn[];
}

async function play(t: Test, game: Game): Promise<void> {
  const scratch = makeScratch(t);
  const link = join(scratch.path, 'fuse-overlayfs');
  symlinkSync(programPath, link);
  const turns = game.turns(link);
  const until = Date.now() + seconds * 1000;
  for (let seed = firstSeed; seed < firstSeed + seeds || Date.now() < until; seed++) {
    const place = join(scratch.path, String(seed));
    mkdirSync(place);
    const numbers = [seed, turns.length * 2, operations].map(String);
    const [command = '', ...args] = [
      ...(game.before ?? inNamespace),
      ...['python3', player, place, ...numbers, game.whiteouts, JSON.stringify(turns)],
    ];
    const { stdout } = await run(command, args, { maxBuffer: 1 << 24 });
    if (stdout !== '') {
      t.fail(stdout);
      return;
    }
    rmSync(place, { recursive: true });
  }
  t.pass('all agree');
}

const games: Readonly<Record<string, Game>> = {
  'fuse-overlayfs and what is called so': {
    whiteouts: 'aufs',
    turns: (called) => [theirs, ['ours as fuse-overlayfs', [called, '-o', layers, '{at}'], false]],
  },
  'the kernel with its defaults, and what is called fuse-overlayfs': {
    whiteouts: 'overlay',
    turns: (called) => [kernel, ['ours as fuse-overlayfs', [called, '-o', layers, '{at}'], false]],
  },
  'the kernel with its defaults, and a settled upper': {
    whiteouts: 'overlay',
    turns: () => [kernel, ours, settle],
  },
  'fuse-overlayfs and a settled upper': {
    whiteouts: 'mixed',
    turns: () => [theirs, ours, settle],
  },
  'rootless: fuse-overlayfs and ours': {
    before: rootless,
    whiteouts: 'mixed',
    turns: () => [theirs, ours],
  },
  'rootless: the kernel and ours': {
    before: rootless,
    whiteouts: 'overlay',
    turns: () => [
      ours,
      ['the kernel', ['mount', '-t', 'overlay', 'overlay', '-o', `${layers},userxattr`, '{at}'], false],
    ],
  },
};

t.setTimeout(600_000 + seconds * 1000 * Object.keys(games).length);
for (const [name, game] of Object.entries(games)) {
  t.test(name, { ...need, timeout: 300_000 + seconds * 1000 }, (t) => play(t, game));
}
