/**
 * The server is killed in the middle of random operations, again and again, on one tree. What had been
 * answered must be there when the same layers are mounted again, by us or by the kernel's overlayfs; the
 * operation that was under way has happened or not, and nothing between.
 */
import { spawn } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { HostFs } from '../../src/os/host-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { Agent } from '../fixtures/agent.ts';
import {
  allOn,
  mountOverlay,
  mountStrata,
  strataIsBuilt,
  type Layers,
} from '../conformance/fixtures/targets.ts';
import { longAgo } from '../conformance/fixtures/layers.ts';
import { copyTree, makeBaseTree } from '../property/fixtures/base-tree.ts';
import { firstDifference } from '../property/fixtures/compare.ts';
import { concrete, generate, type Operation } from '../property/fixtures/operations.ts';
import { listPaths, World } from '../property/fixtures/world.ts';

const rounds = Number(process.env.STRATA_CRASH_ROUNDS ?? '10');
const seed = Number(process.env.STRATA_PROPERTY_SEED ?? Date.now() % 1_000_000_000);
/** What a system call answers once the server is gone: ENOTCONN, ECONNABORTED, ECONNREFUSED, EIO of a half-made reply. */
const gone = new Set(['E107', 'E103', 'ENOTCONN', 'ECONNABORTED', 'ECONNREFUSED']);

t.setTimeout((rounds * 60 + 300) * 1000);

interface Interrupted {
  readonly operations: number;
  /** Under way when the server died; undefined when it died between two. */
  readonly last: Operation | undefined;
  readonly wrong: string | undefined;
}

/** Plays until the server is gone. Ours goes first: what it does not answer, the plain directory has not seen. */
function playUntilGone(fs: HostFs, plain: World, ours: World, from: number): Interrupted {
  let operations = 0;
  for (let chunk = 0; ; chunk++) {
    const { paths, directories } = listPaths(fs, plain.dir);
    for (const abstract of generate(from + chunk, 10)) {
      const op = concrete(abstract, paths, directories);
      const given = ours.run(op);
      if (gone.has(given)) return { operations, last: op, wrong: undefined };
      const wanted = plain.run(op);
      operations += 1;
      if (given !== wanted)
        return { operations, last: op, wrong: `${JSON.stringify(op)}: ${given}, expected ${wanted}` };
    }
  }
}

/**
 * What sets the tree `found` apart from `plain` before, in the middle of (between two system calls), and
 * after `last`; undefined when it is one of them, which `plain` is then too.
 */
function differenceFrom(
  fs: HostFs,
  plain: World,
  found: World,
  last: Operation | undefined,
): string | undefined {
  const compare = (): string | undefined => firstDifference(fs, plain.dir, found.dir);
  const without = compare();
  if (without === undefined || last === undefined) return without;
  if (plain.runHalf(last)) {
    if (compare() === undefined) return undefined;
    plain.undoHalf(last);
  }
  plain.run(last);
  const after = compare();
  return after === undefined ? undefined : `${JSON.stringify(last)}: without it ${without}; with it ${after}`;
}

/** Kills from another process: this one is blocked in system calls most of the time. */
function killLater(pid: number, ms: number): void {
  spawn('sh', ['-c', `sleep ${String(ms / 1000)}; kill -9 ${String(pid)}`], { stdio: 'ignore' });
}

await t.test(
  `kill -9, seed ${String(seed)}`,
  { skip: strataIsBuilt() ? false : 'npm run build first' },
  async (test) => {
    const fs = new RealFs();
    const agent = await Agent.start();
    const base = mkdtempSync(join(tmpdir(), 'strata-crash-'));
    test.teardown(async () => {
      await agent.stop();
      spawnSync('umount', ['-l', `${base}/m`]);
      rmSync(base, { recursive: true, force: true });
    });
    const template = await makeBaseTree(agent, base, true);
    for (const name of ['u', 'w', 'm']) mkdirSync(`${base}/${name}`);
    copyTree(template.plain, `${base}/plain`);
    // The root of the mount has the times of the upper directory.
    utimesSync(`${base}/u`, longAgo, longAgo);
    const layers: Layers = {
      lowers: template.templates,
      upper: `${base}/u`,
      work: `${base}/w`,
      mountPoint: `${base}/m`,
      options: allOn,
    };
    let total = 0;
    for (let round = 0; round < rounds; round++) {
      const mount = await mountStrata(layers);
      const [plain, ours] = [new World('plain', fs, `${base}/plain`), new World('strata', fs, `${base}/m`)];
      killLater(mount.pid, 50 + ((seed + round * 7919) % 1000));
      const { operations, last, wrong } = playUntilGone(fs, plain, ours, seed + round * 1000);
      total += operations;
      ours.close();
      await mount.close().catch(() => undefined);
      if (wrong !== undefined) test.fail(`round ${String(round)}: ${wrong}`);
      const again = await (round % 2 === 0 ? mountOverlay(layers) : mountStrata(layers));
      const found = new World('again', fs, `${base}/m`);
      const difference = differenceFrom(fs, plain, found, last);
      found.close();
      plain.close();
      await again.close();
      if (!test.equal(difference, undefined, `round ${String(round)}`)) return;
    }
    test.comment(`${String(total)} operations, ${String(rounds)} crashes`);
  },
);
