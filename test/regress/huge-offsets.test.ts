/** Places in a file that no double holds exactly: an error, and never another place. */
import { statSync } from 'node:fs';
import t from 'tap';
import { o } from '../conformance/fixtures/flags.ts';
import { Agent } from '../fixtures/agent.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const huge = 10_000_000_000_000_000;

t.test('beyond 2^53', needs(...mountNeeds), async (test) => {
  const scratch = makeScratch(test, { on: 'tmpfs' });
  const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => scratch.directory(name)) as [
    string,
    string,
    string,
  ];
  const mount = await scratch.mount({ lower: [lower], upper, work, options: ['passthrough=off'] });
  const agent = await Agent.start();
  test.teardown(() => agent.stop());
  const direct = await agent.call('open', `${mount.path}/direct`, o.RDWR | o.CREAT | o.DIRECT, 0o644);
  await test.rejects(agent.call('direct_write', direct, 120, 4096, huge), { code: 'EFBIG' });
  await test.rejects(agent.call('ftruncate', direct, huge), { code: 'EFBIG' });
  await test.rejects(agent.call('fallocate', direct, 0, huge, 4096), { code: 'EFBIG' });
  test.equal(statSync(`${upper}/direct`).size, 0);
  await agent.call('ftruncate', direct, 2 ** 52);
  test.equal(statSync(`${upper}/direct`).size, 2 ** 52, 'below that, all is well');
  const cached = await agent.call('open', `${mount.path}/cached`, o.RDWR | o.CREAT, 0o644);
  await agent.call('pwrite', cached, 'x', huge);
  await test.rejects(agent.call('fsync', cached), { code: 'EFBIG' });
  test.equal(statSync(`${upper}/cached`).size, 0);
});
