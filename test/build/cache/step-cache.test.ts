import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { StepCache } from '../../../src/build/cache/step-cache.ts';

const created = '2026-01-01T00:00:00Z';

t.test('a record that is none of ours is none', async (t) => {
  const directory = t.testdir();
  const cache = new StepCache(directory);
  cache.recordStep('sound', { layer: 'a', created });
  for (const text of ['', '{', 'null', '{"layer":1,"created":""}', '[]']) {
    writeFileSync(join(directory, 'steps/odd.json'), text);
    t.equal(cache.findStep('odd'), undefined, text);
  }
  t.strictSame(cache.findStep('sound'), { layer: 'a', created });
});

t.test('facts are found once for a layer', async (t) => {
  const cache = new StepCache(t.testdir());
  let count = 0;
  const facts = () => cache.rememberFacts('layer', ['/path'], () => Promise.resolve(find()));
  const find = () => ({ inputs: [['file a', String(++count)] as const], isDirectory: false });
  t.match(await facts(), { inputs: [['file a', '1']], isDirectory: false });
  t.match(await facts(), { inputs: [['file a', '1']], isDirectory: false });
  t.equal(count, 1);
});

t.test('what is of layers that are gone is forgotten, on demand everything', async (t) => {
  const directory = t.testdir();
  const cache = new StepCache(directory);
  for (const layer of ['here', 'gone', null]) {
    cache.recordStep(`step-${String(layer)}`, { layer, created });
    const identity = { previous: '', parent: undefined, keyword: 'RUN', inputs: new Map() };
    cache.recordSite([String(layer)], `step-${String(layer)}`, 'RUN true', identity);
    if (layer === null) continue;
    await cache.rememberFacts(layer, [], () => Promise.resolve({ inputs: [], isDirectory: true }));
  }
  const [cut, current] = ['cut-short', 'step-here'].map((key) =>
    join(directory, `steps/${key}.json.1234`),
  ) as [string, string];
  for (const path of [cut, current]) writeFileSync(path, '{');
  utimesSync(cut, new Date(), new Date(Date.now() - 3_600_000));
  mkdirSync(join(directory, 'mounts'));
  cache.prune({ isThere: (layer) => layer === 'here', all: false });
  const steps = (): string[] => readdirSync(join(directory, 'steps')).sort();
  t.strictSame(
    steps(),
    ['step-here.json', 'step-here.json.1234', 'step-null.json'],
    'what is being written stays',
  );
  t.equal(cache.findSite(['gone']), undefined);
  t.match(cache.findSite(['here']), { key: 'step-here' });
  t.equal(readdirSync(join(directory, 'facts')).length, 1);
  cache.prune({ isThere: () => true, all: true });
  t.strictSame(steps(), ['step-here.json.1234']);
  for (const kind of ['sites', 'facts']) t.strictSame(readdirSync(join(directory, kind)), []);
});
