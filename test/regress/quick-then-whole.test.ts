/** A whole run after a quick one in the same scratch directory took the small layers of that one, in silence. */
import t from 'tap';
import { readRun, runBench } from '../bench/fixtures/bench.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

t.test('each has layers of its own size', needs('root', 'build'), async (t) => {
  const scratch = makeScratch(t).directory('scratch');
  const json = `${scratch}/run.json`;
  const args = ['--scratch', scratch, '--only', 'scaled', '--drivers', 'ours', '--rounds', '1'];
  for (const [more, entries] of [
    [['--quick'], 1],
    [[], 10],
    [['--quick'], 1],
  ] as const) {
    const { status, stderr } = await runBench([...args, ...more, '--json', json]);
    t.equal(status, 0, stderr);
    t.same(readRun(json).workloads[0]?.outcomes.ours, { figures: [entries], errors: [] });
  }
});
