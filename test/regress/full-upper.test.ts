/**
 * An upper that is full while the kernel keeps written data back: whoever wrote is told, at the latest by
 * fsync or close.
 */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import t, { type Test } from 'tap';
import { Agent } from '../fixtures/agent.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { o } from '../conformance/fixtures/flags.ts';

const mib = 2 ** 20;

/** A mount whose upper has room for a little more than a megabyte, in the midst of a request of the kernel. */
async function openFull(test: Test) {
  const scratch = makeScratch(test);
  const small = scratch.directory('small');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1400k', 'tmpfs', small]);
  test.teardown(() => execFileSync('umount', ['-l', small]));
  const [lower, upper, work] = ['lower', 'small/upper', 'small/work'].map((name) =>
    scratch.directory(name),
  ) as [string, string, string];
  const mount = await scratch.mount({ lower: [lower], upper, work, options: ['passthrough=off'] });
  const agent = await Agent.start();
  test.teardown(() => agent.stop());
  return { agent, upper, path: `${mount.path}/file` };
}

t.test('what does not fit is ENOSPC at fsync', needs(...mountNeeds), async (test) => {
  const { agent, upper, path } = await openFull(test);
  const fd = await agent.call('open', path, o.RDWR | o.CREAT, 0o644);

  await agent.call('pwrite', fd, 'x'.repeat(2 * mib), 0);
  await test.rejects(agent.call('fsync', fd), { code: 'ENOSPC' });
  // Not the size: the kernel writes its pieces back at once, and the last one may find room where the first does not.
  test.ok(statSync(`${upper}/file`).blocks * 512 < 2 * mib);
});

t.test('and at close', needs(...mountNeeds), async (test) => {
  const { agent, path } = await openFull(test);
  const fd = await agent.call('open', path, o.RDWR | o.CREAT, 0o644);
  await agent.call('pwrite', fd, 'x'.repeat(2 * mib), 0);
  await test.rejects(agent.call('close', fd), { code: 'ENOSPC' });
});
