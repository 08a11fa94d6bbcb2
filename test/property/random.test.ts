/**
 * Random operations on a plain directory, on the kernel's overlayfs and on our mount, compared after
 * each; then each union reads, and goes on with, what the other has written. Every kind of mount is played with
 * seed 1 and with a fresh one. STRATA_PROPERTY_SEED plays a seed (it is printed) alone, STRATA_PROPERTY_SECONDS
 * is the time for all of it, STRATA_CASE a part of a mount's name, STRATA_PROPERTY_ONLY one of overlay and strata,
 * STRATA_OPTIONS more options for our mount.
 */
import t from 'tap';
import { RealFs } from '../../src/os/real-fs.ts';
import { Agent } from '../fixtures/agent.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { allOff, allOn } from '../conformance/fixtures/targets.ts';
import { Arena } from './fixtures/arena.ts';
import { play, shorten, tell } from './fixtures/play.ts';

const seconds = Number(process.env.STRATA_PROPERTY_SECONDS ?? '90');
const chosen = process.env.STRATA_PROPERTY_SEED;
const fresh = Date.now() % 1_000_000_000;
const only = process.env.STRATA_PROPERTY_ONLY;
const trees = 10;

const kinds = [
  { name: 'all features on', features: allOn, links: true, former: 0, extra: '' },
  { name: 'all features on, over former uppers', features: allOn, links: false, former: 2, extra: '' },
  { name: 'all features off', features: allOff, links: false, former: 0, extra: '' },
  { name: 'all features on, cached', features: allOn, links: true, former: 0, extra: 'passthrough=off' },
].filter(({ name }) => name.includes(process.env.STRATA_CASE ?? ''));
const seeds = chosen === undefined ? [1, fresh] : [Number(chosen)];
const rounds = seeds.flatMap((seed) => kinds.map((kind) => ({ ...kind, seed })));

t.setTimeout((seconds + rounds.length * 180) * 1000);

for (const { name, features, links, former, extra, seed } of rounds) {
  await t.test(`${name}, seed ${String(seed)}`, needs(...mountNeeds, 'overlayfs'), async (test) => {
    const agent = await Agent.start();
    const options = [extra, process.env.STRATA_OPTIONS ?? ''].filter((part) => part !== '').join(',');
    const arena = await Arena.make(new RealFs(), agent, {
      features,
      links,
      trees,
      former: { count: former, seed },
      extra: options,
      ...(only === 'overlay' || only === 'strata' ? { only } : {}),
    });
    test.teardown(async () => {
      await arena.end();
      await agent.stop();
    });
    const { operations, failure } = await play(new RealFs(), arena, {
      seed,
      seconds: seconds / rounds.length,
      stretch: 150,
      trees,
    });
    test.comment(
      `${String(operations)} operations, ${String(arena.lostTimes)} times lost by the kernel's overlayfs`,
    );
    if (failure === undefined) {
      test.pass(`seed ${String(seed)}: no difference`);
      return;
    }
    const again = `STRATA_PROPERTY_SEED=${String(seed)} STRATA_CASE='${name}' npm run test:random`;
    const short = await shorten(arena, failure, 120);
    test.fail(tell(short), { again, log: arena.log });
  });
}
