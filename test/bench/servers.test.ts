/** Who serves a mount is found without the kernel's help, which older ones do not give: it is measured, and its end waited for. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { mount } from '../../src/bench/drivers/mount.ts';
import { findServers } from '../../src/bench/drivers/servers.ts';
import { drivers } from '../../src/bench/drivers/table.ts';
import { createStack, removeStack } from '../../src/bench/stack.ts';
import { footprints } from '../../src/bench/workloads/footprint.ts';
import { findProcess } from '../../src/os/process-identity.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeBench } from './fixtures/trial.ts';

const served = drivers.filter(({ name }) => ['strata', 'strata-cached', 'fuse-overlayfs'].includes(name));

t.test('the server of a mount', needs(...mountNeeds, 'program:fuse-overlayfs'), async (t) => {
  const at = makeScratch(t);
  for (const driver of served) {
    const stack = createStack(at.directory('storage with a space'), [at.directory('lower')]);
    t.strictSame(findServers(stack.mountPoint), [], 'nothing is mounted');
    const other = createStack(at.path, [at.directory('lower')]);
    const [mounted, beside] = [mount(driver, stack), mount(driver, other)];
    const [server = 0, ...more] = mounted.servers;
    t.strictSame(more, [], `${driver.name}: one`);
    t.match(readFileSync(`/proc/${String(server)}/cmdline`, 'utf8'), /stratafs|fuse-overlayfs/);
    t.notSame(beside.servers, mounted.servers, 'not that of another mount');
    await mounted.unmount();
    t.equal(findProcess(server), undefined, 'its end was waited for');
    await beside.unmount();
    for (const one of [stack, other]) removeStack(one);
  }
});

t.test('memory of nobody is no figure, and not nothing', async (t) => {
  const bench = makeBench(t);
  for (const workload of footprints.filter(({ ofServer }) => ofServer === true))
    t.throws(() => workload.run(bench.empty(workload)), /no process was found/, workload.name);
});
