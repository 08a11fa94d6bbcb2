/**
 * Twenty commands at once on one data root, some of them killed at any moment: what they leave is never part of an
 * image, the next command throws it away, and nothing is wrong then.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { CheckResult } from '../../src/store/check/run-check.ts';
import type { ImageRow } from '../../src/store/image-list.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { chooseSeed, randomFrom } from '../fixtures/random.ts';
import { makeStage, mountPointsBelow, shell, type Stage } from './fixtures/stage.ts';
import { startStrata, strata } from './fixtures/strata.ts';

/** Three trees, two of which are the same, so that two commands publish one layer. */
function makeTrees(stage: Stage): readonly string[] {
  const one = stage.directory('trees/one');
  shell(
    one,
    'mkdir a b; for i in $(seq 200); do echo $i > a/$i; done; find . -exec touch -d @1000000000 {} +',
  );
  const same = join(stage.path, 'trees/same');
  cpSync(one, same, { recursive: true, preserveTimestamps: true });
  const other = stage.directory('trees/other');
  shell(other, 'dd if=/dev/urandom of=big bs=1M count=8 status=none');
  return [one, same, other];
}

function commandsOf(stage: Stage, trees: readonly string[], random: () => number): string[][] {
  return Array.from({ length: 20 }, (_, index) => {
    const name = `image-${String(Math.floor(random() * 4))}`;
    const tree = trees[Math.floor(random() * trees.length)] ?? '';
    switch (Math.floor(random() * 6)) {
      case 0:
        return ['rmi', name];
      case 1:
        return ['tag', name, `other-${String(index)}`];
      case 2:
        return ['mount', name, stage.directory(`mounts/${String(index)}`)];
      case 3:
        return ['image', 'prune', '--force', '--all'];
      default:
        return ['import', tree, name];
    }
  });
}

t.test('commands that are killed leave nothing behind', needs(...mountNeeds), async (t) => {
  const seed = chooseSeed();
  t.comment(`STRATA_SEED=${String(seed)}`);
  const random = randomFrom(seed);
  const stage = makeStage(t);
  const trees = makeTrees(stage);
  t.equal((await strata(stage.root, 'import', trees[0] ?? '', 'image-0')).code, 0);

  const commands = commandsOf(stage, trees, random).map((args) => ({
    args,
    killedAfterMs: random() < 0.5 ? random() * 6000 : undefined,
    ...startStrata(stage.root, args),
  }));
  await Promise.all(
    commands.map(async ({ child, outcome, killedAfterMs }) => {
      if (killedAfterMs === undefined) return;
      await Promise.race([sleep(killedAfterMs, undefined, { ref: false }), outcome]);
      child.kill('SIGKILL');
    }),
  );
  for (const { args, outcome, killedAfterMs } of commands) {
    const { code, stderr } = await outcome;
    if (killedAfterMs !== undefined || code === 0) continue;
    // Another command may have removed, or mounted, the image meanwhile; every other failure is one.
    t.match(stderr, /there is no image|is mounted at/, args.join(' '));
  }

  const listed = await strata(stage.root, 'images', '--json');
  t.equal(listed.code, 0, listed.stderr);
  const check = JSON.parse((await strata(stage.root, 'system', 'check', '--json')).stdout) as CheckResult;
  t.strictSame(check.found, []);
  for (const { reference, id } of JSON.parse(listed.stdout) as ImageRow[]) {
    const target = stage.directory('look');
    const mounted = await strata(stage.root, 'mount', reference ?? id, target);
    t.equal(mounted.code, 0, mounted.stderr);
    t.match(shell(target, 'ls'), /^(a\nb|big)\n$/);
    t.equal((await strata(stage.root, 'umount', target)).code, 0);
  }

  for (const target of mountPointsBelow(stage.path)) await strata(stage.root, 'umount', target);
  await strata(stage.root, 'image', 'prune', '--force', '--all');
  t.equal(shell(stage.root, 'find overlay2 -mindepth 1 -not -path overlay2/l'), '', 'nothing takes up space');
  t.equal(shell(join(stage.root, 'image/overlay2/layerdb'), 'find sha256 tmp -mindepth 1'), '');
});
