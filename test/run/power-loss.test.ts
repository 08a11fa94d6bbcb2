/**
 * The machine loses its power, again and again: the disk with the data root is an image file, which is copied by reflink, all
 * at once, at random moments while commands work. Each copy is mounted as a boot would do it. What a command had reported as done
 * before the copy must be whole in it, what had begun afterwards must not be there, and one command later nothing is
 * wrong.
 */
import { execFile, execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { inTurns } from '../../src/cli/each-operand.ts';
import type { CheckResult } from '../../src/store/check/run-check.ts';
import { until } from '../cli/fixtures/program.ts';
import { needs } from '../fixtures/needs.ts';
import { processesNaming } from '../fixtures/processes.ts';
import { chooseSeed, randomFrom } from '../fixtures/random.ts';
import { makeStage, removeRunRoot, type Stage } from '../store/fixtures/stage.ts';
import { strata } from '../store/fixtures/strata.ts';
import { readTrees } from '../store/fixtures/trees.ts';
import { makeSmallRoot } from './fixtures/small-root.ts';

const rounds = Number(process.env.STRATA_CRASH_ROUNDS ?? '1');
/** Of one round. */
const mostCopies = 6;

t.setTimeout((rounds * 900 + 60) * 1000);

const run = promisify(execFile);

/** A moment of a command, in milliseconds of one clock. */
interface Span {
  begun: number;
  done?: number;
}

/** What became of a name: an image, or a volume. It is made once, and removed at most once. */
interface Life {
  readonly kind: 'image' | 'volume';
  readonly made: Span;
  removed?: Span;
  /** Digest of the tree of an image, taken when it was reported as done. */
  digest?: string | undefined;
}

interface Copy extends Required<Span> {
  readonly path: string;
}

/** An XFS with reflinks that holds the image of the disk with the root, and its copies. */
function makeDisk(stage: Stage): { readonly image: string; readonly root: string } {
  const outer = stage.directory('outer');
  mountNew(join(stage.path, 'outer.img'), '4G', outer);
  const disk = stage.directory('disk');
  const image = join(outer, 'disk.img');
  mountNew(image, '1G', disk);
  return { image, root: join(disk, 'root') };
}

function mountNew(image: string, size: string, at: string): void {
  execFileSync('truncate', ['-s', size, image]);
  execFileSync('mkfs.xfs', ['-q', '-m', 'reflink=1', image]);
  execFileSync('mount', ['-o', 'loop', image, at]);
}

/** Makes images and volumes in a data root, removes some of them, and writes down when. */
class Scribe {
  readonly lives = new Map<string, Life>();
  readonly #stage: Stage;
  readonly #root: string;
  /** Nothing is removed while all is read. */
  readonly #alone = inTurns();

  constructor(stage: Stage, root: string) {
    this.#stage = stage;
    this.#root = root;
  }

  async work(who: string, count: number, random: () => number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const name = `${who}-${String(index)}`;
      await this.#make(name, Math.floor(random() * 4));
      if (random() < 0.4) await this.#remove(name);
    }
  }

  async #make(name: string, way: number): Promise<void> {
    const script = `mkdir /data; echo ${name} > /data/name; rm /etc/group; chmod 600 /etc/passwd`;
    if (way === 0) return this.#note(name, 'volume', ['volume', 'create', name]);
    if (way === 1) {
      await this.#strata(['run', '--name', `${name}-c`, 'base', 'sh', '-c', script]);
      await this.#note(name, 'image', ['commit', `${name}-c`, name]);
      return this.#strata(['rm', `${name}-c`]);
    }
    const context = this.#stage.directory(`contexts/${name}`);
    writeFileSync(join(context, 'file'), name.repeat(100_000));
    const steps = ['FROM base', 'RUN echo first > /first', 'COPY file /', `RUN ${script}`];
    writeFileSync(join(context, 'Dockerfile'), steps.join('\n'));
    return this.#note(name, 'image', ['build', '-t', name, context]);
  }

  async #note(name: string, kind: Life['kind'], command: readonly string[]): Promise<void> {
    const life: Life = { kind, made: { begun: Date.now() } };
    this.lives.set(name, life);
    await this.#strata(command);
    life.made.done = Date.now();
    if (kind !== 'image') return;
    const { images } = await this.#alone(() => Promise.resolve(readTrees(this.#root)));
    life.digest = images[`${name}:latest`];
  }

  async #remove(name: string): Promise<void> {
    const life = this.lives.get(name);
    if (life === undefined) return;
    await this.#alone(async () => {
      const removed: Span = { begun: Date.now() };
      life.removed = removed;
      await this.#strata([...(life.kind === 'volume' ? ['volume', 'rm'] : ['rmi']), name]);
      removed.done = Date.now();
    });
  }

  async #strata(words: readonly string[]): Promise<void> {
    const { code, stderr } = await strata(this.#root, ...words);
    if (code !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
  }
}

/** Until `isDone`: one copy after the other, at moments drawn by lot. */
async function copyAgainAndAgain(
  image: string,
  isDone: () => boolean,
  random: () => number,
): Promise<Copy[]> {
  const made: Copy[] = [];
  while (!isDone() && made.length < mostCopies) {
    await sleep(random() * 4000);
    const path = `${image}-${String(made.length)}`;
    const begun = Date.now();
    // FICLONE: the file as it is at one moment.
    await run('cp', ['--reflink=always', image, path]);
    made.push({ path, begun, done: Date.now() });
  }
  return made;
}

/** What is wrong with a copy: of each life, what must be so and is not. */
function judge(copy: Copy, lives: ReadonlyMap<string, Life>, there: ReadonlyMap<string, string>): string[] {
  const wrong: string[] = [];
  for (const [name, { made, removed, digest }] of lives) {
    const found = there.get(name);
    const wasMade = made.done !== undefined && made.done < copy.begun;
    const isDoomed = removed !== undefined && removed.begun < copy.done;
    if (wasMade && !isDoomed && found === undefined) wrong.push(`${name} is lost`);
    const wasRemoved = removed?.done !== undefined && removed.done < copy.begun;
    if (wasRemoved && found !== undefined) wrong.push(`${name} was removed, and is there`);
    if (made.begun > copy.done && found !== undefined) wrong.push(`${name} comes from the future`);
    if (found !== undefined && found !== (digest ?? '')) wrong.push(`${name} is another one`);
  }
  return wrong;
}

async function examine(t: Test, stage: Stage, copy: Copy, lives: ReadonlyMap<string, Life>): Promise<void> {
  const at = stage.directory(`boot/${basename(copy.path)}`);
  await run('mount', ['-o', 'loop,nouuid', copy.path, at]);
  const root = join(at, 'root');
  const checked = async (): Promise<CheckResult> =>
    JSON.parse((await strata(root, 'system', 'check', '--json')).stdout) as CheckResult;
  try {
    const before = (await checked()).found;
    t.strictSame(
      before.filter(({ mendable }) => !mendable),
      [],
      'what the loss left is rubbish, not damage',
    );
    const volumes = await strata(root, 'volume', 'ls', '-q');
    t.equal(volumes.code, 0, volumes.stderr);
    t.strictSame((await checked()).found, [], 'nothing is left after one command');
    const { images, faults, strangers } = readTrees(root);
    t.strictSame({ faults, strangers }, { faults: [], strangers: [] });
    const there = new Map([
      ...Object.entries(images).map(([name, digest]) => [name.replace(/:latest$/, ''), digest] as const),
      ...volumes.stdout
        .trim()
        .split('\n')
        .map((name) => [name, ''] as const),
    ]);
    t.strictSame(judge(copy, lives, there), []);
    const works = await strata(root, 'run', '--rm', 'base', 'cat', '/etc/passwd');
    t.equal(works.code, 0, works.stderr);
    t.comment(`${String(there.size)} things, ${String(before.length)} left over`);
  } finally {
    await run('umount', [at]);
    // conmon never ends where its run root has gone before.
    await until(() => processesNaming('end-run', root).length === 0, 'the end of its containers');
    removeRunRoot(root);
    rmSync(copy.path);
  }
}

t.test(
  'what was reported as done outlasts a loss of power',
  needs('root', 'fuse', 'build', 'program:runc', 'program:conmon', 'program:mkfs.xfs'),
  async (t) => {
    const seed = chooseSeed();
    t.comment(`STRATA_SEED=${String(seed)}`);
    const random = randomFrom(seed);
    const stage = makeStage(t);
    const { image, root } = makeDisk(stage);
    t.teardown(() => {
      removeRunRoot(root);
      return Promise.resolve();
    });
    const base = makeSmallRoot(stage.directory('base'));
    const imported = await strata(root, 'import', base, 'base');
    t.equal(imported.code, 0, imported.stderr);
    for (let round = 0; round < rounds; round++) {
      const scribe = new Scribe(stage, root);
      let isDone = false;
      const work = Promise.all(
        ['one', 'two'].map((who) => scribe.work(`${who}-${String(round)}`, 5, random)),
      ).finally(() => {
        isDone = true;
      });
      const [made] = await Promise.all([copyAgainAndAgain(image, () => isDone, random), work]);
      t.ok(made.length > 1, `${String(made.length)} copies`);
      for (const copy of made) {
        await t.test(basename(copy.path), (t) => examine(t, stage, copy, scribe.lives));
      }
    }
  },
);
