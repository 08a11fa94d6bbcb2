/** What is given to the kernel before it asks is what a read would have answered, whatever happens meanwhile. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Agent } from '../fixtures/agent.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { shell } from '../regress/fixtures/shell.ts';

/** Empty, a part of a page, whole pages, all that is given, and more than that. */
const sizes = [0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 300_000];

for (const options of [[], ['passthrough=off'], ['timeout=0']]) {
  t.test(`contents of every size, ${options.join() || 'default'}`, needs(...mountNeeds), async (t) => {
    const scratch = makeScratch(t);
    const lower = scratch.directory('lower');
    for (const size of sizes)
      writeFileSync(join(lower, `of-${String(size)}`), Buffer.alloc(size, `${String(size)};`));
    const mounted = await scratch.mount({
      lower: [lower],
      upper: scratch.directory('upper'),
      work: scratch.directory('work'),
      options,
    });
    const sums = 'ls; for f in *; do sha256sum $f; done';
    t.equal(await shell(mounted.path, sums), await shell(lower, sums));
    t.equal(await shell(mounted.path, 'cat * | sha256sum'), await shell(lower, 'cat * | sha256sum'));
  });
}

t.test('a small file is read without a request to read it', needs(...mountNeeds), async (t) => {
  const scratch = makeScratch(t);
  const lower = scratch.directory('lower');
  writeFileSync(join(lower, 'file'), 'data');
  const mounted = await scratch.mount({
    lower: [lower],
    upper: scratch.directory('upper'),
    work: scratch.directory('work'),
  });
  const agent = await Agent.start();
  t.teardown(() => agent.stop());
  const path = join(mounted.path, 'file');
  const fd = await agent.call('open', path, 0, 0);
  t.equal(await agent.call('pread', fd, 10, 0), 'data');
  const stats = await agent.call('getxattr', mounted.path, 'user.strata.stats');
  const { requests } = JSON.parse(String(stats)) as { requests: Record<string, number> };
  t.equal(requests.READ ?? 0, 0);
  await shell(mounted.path, 'printf other > file');
  t.equal(await agent.call('pread', fd, 10, 0), 'other', 'and follows a copy-up');
});

t.test('many who open, map, read and change the same files at once', needs(...mountNeeds), async (t) => {
  const scratch = makeScratch(t);
  const lower = scratch.directory('lower');
  for (let i = 0; i < 200; i++) writeFileSync(join(lower, `f${String(i)}`), String(i).repeat(20_000));
  const mounted = await scratch.mount({
    lower: [lower],
    upper: scratch.directory('upper'),
    work: scratch.directory('work'),
  });
  const reader = 'for f in f*; do cat $f; dd if=$f bs=7k status=none; done | wc -c';
  const writer = 'for i in $(seq 0 3 199); do printf x >> f$i; truncate -s 70000 f$((i + 1)); done';
  const all = [reader, reader, writer, reader, reader].map(async (script) => shell(mounted.path, script));
  await Promise.all(all);
  await shell(lower, 'for i in $(seq 0 3 199); do printf x >> f$i; truncate -s 70000 f$((i + 1)); done');
  const sums = 'for f in f*; do sha256sum $f; done';
  t.equal(await shell(mounted.path, sums), await shell(lower, sums));
});
