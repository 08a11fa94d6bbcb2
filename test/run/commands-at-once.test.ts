/**
 * Fifty commands at once on one data root: builds, runs, commits, removals, prunes, many of them killed at any moment. What
 * was running may be left over, but nothing refers to it, and the next command removes it. What is there in
 * the end is whole, by the word of a script that shares nothing with the program: each tree is the one that the same build
 * made in peace.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { CheckResult } from '../../src/store/check/run-check.ts';
import { needs } from '../fixtures/needs.ts';
import { chooseSeed, randomFrom } from '../fixtures/random.ts';
import { makeStage, mountPointsBelow, shell, type Stage } from '../store/fixtures/stage.ts';
import { startStrata, strata } from '../store/fixtures/strata.ts';
import { readTrees } from '../store/fixtures/trees.ts';
import { makeSmallRoot } from './fixtures/small-root.ts';

const rounds = Number(process.env.STRATA_CRASH_ROUNDS ?? '1');
const commandCount = 50;
/** Long enough for all of them to be at work, short enough for most not to have ended. */
const killedWithinMs = 25_000;

t.setTimeout((rounds * 900 + 60) * 1000);

/** Contexts `app-0` to `app-4`: the first two steps are the same in all of them. */
function makeContexts(stage: Stage): void {
  for (const app of apps) {
    const context = stage.directory(`contexts/${app}`);
    writeFileSync(join(context, 'file'), app);
    writeFileSync(
      join(context, 'Dockerfile'),
      [
        'FROM base',
        'RUN mkdir /data /gone && echo shared > /data/shared && echo x > /gone/x',
        'RUN rm -r /gone && echo more >> /data/shared',
        'COPY file /data/',
        // Its words are what the processes of this test are found by.
        `RUN : ${stage.path}; cat /data/file > /data/copy; chmod 640 /data/shared; sleep 2; :`,
        'CMD ["cat", "/data/copy"]',
      ].join('\n'),
    );
  }
}

const apps = Array.from({ length: 5 }, (_, index) => `app-${String(index)}`);

function build(stage: Stage, app: string): string[] {
  return ['build', '--timestamp', '1000000000', '-t', app, join(stage.path, 'contexts', app)];
}

function commandsOf(stage: Stage, random: () => number): string[][] {
  return Array.from({ length: commandCount }, (_, index) => {
    const app = apps[Math.floor(random() * apps.length)] ?? '';
    const container = `container-${String(Math.floor(random() * 6))}`;
    const script = `: ${stage.path}; echo ${String(index)} > /written; sleep ${String(random() * 5)}; :`;
    const choices: readonly string[][] = [
      build(stage, app),
      build(stage, app),
      build(stage, app),
      ['run', '--rm', 'base', 'sh', '-c', script],
      [
        'run',
        '-d',
        '--name',
        container,
        '-v',
        `volume-${String(index % 3)}:/volume`,
        app,
        'sh',
        '-c',
        script,
      ],
      ['run', '--name', container, app, 'sh', '-c', script],
      ['create', '--name', container, 'base', 'cat', '/etc/passwd'],
      ['start', container],
      ['rm', '-f', '-v', container],
      ['commit', container, `committed-${String(index)}`],
      ['rmi', app],
      ['system', 'prune', '--force'],
      ['volume', 'prune', '--force', '--all'],
    ];
    return choices[Math.floor(random() * choices.length)] ?? [];
  });
}

/** What a command may say that found something removed, used or made by another one. */
const beaten = new RegExp(
  [
    'there is no image',
    // Made, and pruned before its container was there to use it.
    'no such volume',
    'no such container',
    'is already in use',
    'in use by|is mounted at|has a container|is made of the image|is being used',
    'is running|running container|is not running',
    'was removed meanwhile',
  ].join('|'),
);

/** Processes that have this test's directory among their words, but for this one and its parents. */
function processesOf(stage: Stage): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return words.includes(stage.path) ? [`${pid} ${words}`] : [];
      } catch {
        return [];
      }
    });
}

/** Locks on files of the root, as /proc/locks names them: by inode. */
function locksOn(root: string): string[] {
  const inodes = new Set(shell(root, String.raw`find . -xdev -printf '%i\n'`).split('\n'));
  const { dev } = statSync(root);
  const device = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)]
    .map((part) => part.toString(16).padStart(2, '0'))
    .join(':');
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .filter((line) => {
      const [major, minor, inode = ''] = (line.split(/\s+/)[5] ?? '').split(':');
      return `${major ?? ''}:${minor ?? ''}` === device && inodes.has(inode);
    });
}

/** Waits for what containers that are told to end still have to do: their exit commands. */
async function settled(list: () => string[]): Promise<string[]> {
  for (let waitedMs = 0; list().length > 0 && waitedMs < 60_000; waitedMs += 100) await sleep(100);
  return list();
}

async function storm(t: Test, stage: Stage, random: () => number): Promise<void> {
  const commands = commandsOf(stage, random).map((args) => ({
    args,
    killedAfterMs: random() < 0.5 ? random() * killedWithinMs : undefined,
    ...startStrata(stage.root, args),
  }));
  const killed = await Promise.all(
    commands.map(async ({ args, child, outcome, killedAfterMs }) => {
      if (killedAfterMs !== undefined) {
        await Promise.race([sleep(killedAfterMs, undefined, { ref: false }), outcome]);
        child.kill('SIGKILL');
      }
      const { code, stderr } = await outcome;
      // The exit status of a container that another command ended with SIGKILL: nothing is to be said.
      const isEnded = args[0] === 'run' && code === 137 && stderr === '';
      if (code !== null && code !== 0 && !isEnded)
        t.match(stderr, beaten, `${args.join(' ')}: ${stderr.slice(-500)}`);
      return code === null;
    }),
  );
  t.comment(`${String(killed.filter(Boolean).length)} of ${String(commandCount)} were killed`);
}

async function endContainers(t: Test, stage: Stage): Promise<void> {
  const listed = await strata(stage.root, 'ps', '-aq', '--no-trunc');
  t.equal(listed.code, 0, listed.stderr);
  const ids = listed.stdout.split('\n').filter((id) => id !== '');
  if (ids.length === 0) return;
  const removed = await strata(stage.root, 'rm', '-f', '-v', ...ids);
  t.equal(removed.code, 0, removed.stderr);
}

t.test(
  'fifty commands at once, killed at random',
  needs('root', 'fuse', 'build', 'program:runc', 'program:conmon'),
  async (t) => {
    const seed = chooseSeed();
    t.comment(`STRATA_SEED=${String(seed)}`);
    const random = randomFrom(seed);
    const stage = makeStage(t);
    const base = makeSmallRoot(stage.directory('base'));
    makeContexts(stage);
    const inPeace = join(stage.path, 'in-peace');
    mkdirSync(inPeace);
    for (const root of [stage.root, inPeace])
      t.equal(
        (await strata(root, ...(root === inPeace ? ['--driver', 'vfs'] : []), 'import', base, 'base')).code,
        0,
      );
    for (const app of apps) {
      const { code, stderr } = await strata(inPeace, ...build(stage, app));
      t.equal(code, 0, stderr);
    }
    const expected = readTrees(inPeace).images;
    for (const app of apps.slice(0, 3)) t.equal((await strata(stage.root, ...build(stage, app))).code, 0);

    for (let round = 0; round < rounds; round++) {
      await storm(t, stage, random);
      await endContainers(t, stage);
      t.strictSame(await settled(() => processesOf(stage)), [], 'no process');
      t.strictSame(mountPointsBelow(stage.path), [], 'no mount');
      t.strictSame(locksOn(stage.root), [], 'no lock');
      const check = await strata(stage.root, 'system', 'check', '--json');
      t.strictSame((JSON.parse(check.stdout) as CheckResult).found, []);
      const { images, faults, strangers } = readTrees(stage.root);
      t.strictSame({ faults, strangers }, { faults: [], strangers: [] });
      const shown = Object.entries(images).filter(([name]) => !name.startsWith('committed-'));
      for (const [name, digest] of shown) t.equal(digest, expected[name], name);
      t.equal(images['base:latest'], expected['base:latest']);
    }
    // What was killed stands in the way of nothing.
    for (const app of apps) t.equal((await strata(stage.root, ...build(stage, app))).code, 0, app);
    t.strictSame(
      apps.map((app) => readTrees(stage.root).images[`${app}:latest`]),
      apps.map((app) => expected[`${app}:latest`]),
    );
  },
);
