/**
 * Random operations on a plain directory, on the kernel's overlayfs and on our mount, compared after
 * each; then each union reads what the other has written. STRATA_PROPERTY_SECONDS is the time for all of it,
 * STRATA_PROPERTY_SEED the seed (1 unless told), STRATA_PROPERTY_ONLY one of overlay and strata,
 * STRATA_PROPERTY_LINKS=on plays with hard links below, STRATA_OPTIONS more options for our mount.
 */
import t from 'tap';
import { RealFs } from '../../src/os/real-fs.ts';
import { Agent } from '../fixtures/agent.ts';
import { allOff, allOn, strataIsBuilt } from '../conformance/fixtures/targets.ts';
import { Arena } from './fixtures/arena.ts';
import { play, shorten, tell } from './fixtures/play.ts';

const seconds = Number(process.env.STRATA_PROPERTY_SECONDS ?? '60');
const chosen = process.env.STRATA_PROPERTY_SEED;
const fresh = chosen === undefined ? Date.now() % 1_000_000_000 : Number(chosen);
const only = process.env.STRATA_PROPERTY_ONLY;
const trees = 24;

t.setTimeout((seconds * 2 + 600) * 1000);

const rounds = [
  { name: 'all features on', features: allOn, links: process.env.STRATA_PROPERTY_LINKS === 'on' },
  { name: 'all features off', features: allOff, links: false },
].flatMap((kind) => (chosen === undefined ? [1] : [fresh]).map((seed) => ({ ...kind, seed })));

for (const { name, features, links, seed } of rounds) {
  const skip = only !== 'overlay' && !strataIsBuilt() ? 'npm run build first' : false;
  await t.test(`${name}, seed ${String(seed)}`, { skip }, async (test) => {
    const agent = await Agent.start();
    const arena = await Arena.make(new RealFs(), agent, {
      features,
      links,
      trees,
      extra: process.env.STRATA_OPTIONS ?? '',
      ...(only === 'overlay' || only === 'strata' ? { only } : {}),
    });
    test.teardown(async () => {
      await arena.end();
      await agent.stop();
    });
    const started = Date.now();
    const { operations, failure } = await play(new RealFs(), arena, {
      seed,
      seconds: seconds / rounds.length,
      stretch: 150,
      trees,
    });
    test.comment(
      `${String(operations)} operations, ${String(Math.round((operations * 1000) / (Date.now() - started)))} a second`,
    );
    if (failure === undefined) {
      test.pass(`seed ${String(seed)}: no difference`);
      return;
    }
    const short = await shorten(arena, failure, 120);
    test.fail(tell(short), { log: arena.log });
  });
}
