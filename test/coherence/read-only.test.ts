/** Without an upper nothing is ever copied up: files pass through whatever `coherence` says. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Agent } from '../fixtures/agent.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const far = 256 * 1024;

for (const [options, reads] of [
  [[], 0],
  [['passthrough=off'], 1],
] as const) {
  const name = `reading sends ${String(reads)} requests with ${options.join() || 'no options'}`;
  t.test(name, needs(...mountNeeds, 'passthrough'), async (t) => {
    const scratch = makeScratch(t);
    const lower = scratch.directory('lower');
    // Further in than what is given before it is asked for (fuse/kernel/first-data.ts).
    writeFileSync(join(lower, 'file'), `${'-'.repeat(far)}data`);
    const { path } = await scratch.mount({ lower: [lower], options });
    const agent = await Agent.start();
    t.teardown(() => agent.stop());
    const fd = await agent.call('open', join(path, 'file'), 0, 0);
    t.equal(await agent.call('pread', fd, 10, far), 'data');
    const stats = await agent.call('getxattr', path, 'user.strata.stats');
    const { requests } = JSON.parse(String(stats)) as { requests: Record<string, number> };
    t.equal(requests.READ ?? 0, reads);
  });
}
