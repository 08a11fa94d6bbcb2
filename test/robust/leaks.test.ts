/**
 * What the server keeps: no descriptor for an open file that passes through, a bounded number of them
 * whatever is done, and no memory for what the kernel has forgotten.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Agent } from '../fixtures/agent.ts';
import {
  allOn,
  mountStrata,
  strataIsBuilt,
  type Layers,
  type Mount,
} from '../conformance/fixtures/targets.ts';

/** How many files; 300,000 are worth a run by hand. */
const count = Number(process.env.STRATA_LEAK_COUNT ?? '6000');
const skip = strataIsBuilt() ? false : 'npm run build first';

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${String(pid)}/fd`).length;

/** Resident memory in MiB. */
const residentOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'latin1'))?.[1] ?? '0') / 1024;

async function mountOver(test: Test, fill: (lower: string) => void): Promise<{ mount: Mount; agent: Agent }> {
  const base = mkdtempSync(join(tmpdir(), 'strata-leaks-'));
  for (const name of ['l', 'u', 'w', 'm']) mkdirSync(`${base}/${name}`);
  fill(`${base}/l`);
  const layers: Layers = {
    lowers: [`${base}/l`],
    upper: `${base}/u`,
    work: `${base}/w`,
    mountPoint: `${base}/m`,
    options: allOn,
  };
  const mount = await mountStrata(layers);
  const agent = await Agent.start();
  test.teardown(async () => {
    await agent.stop();
    await mount.close();
    rmSync(base, { recursive: true, force: true });
  });
  return { mount, agent };
}

await t.test('creates, mkdirs and renames leave no descriptors', { skip }, async (test) => {
  const { mount, agent } = await mountOver(test, (lower) => {
    mkdirSync(`${lower}/d`);
  });
  const at = (name: string): string => `${mount.mountPoint}/d/${name}`;
  const seen: number[] = [];
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < count / 3; n++) {
      const name = `${String(round)}-${String(n)}`;
      await agent.call('close', await agent.call('open', at(name), 0o101, 0o644));
      await agent.call('mkdir', at(`dir${name}`), 0o755);
      await agent.call('rename', at(name), at(`dir${name}/f`), 0);
      if (n % 2 === 0) continue;
      await agent.call('unlink', at(`dir${name}/f`));
      await agent.call('rmdir', at(`dir${name}`));
    }
    seen.push(descriptorsOf(mount.pid));
  }
  test.comment(`descriptors: ${seen.join(', ')}`);
  const limit = 2000;
  test.ok(Math.max(...seen) < limit, `never more than ${String(limit)} descriptors`);
});

await t.test('72,000 open files of four processes cost the server no descriptors', { skip }, async (test) => {
  const files = 300;
  const { mount } = await mountOver(test, () => undefined);
  for (let n = 0; n < files; n++) writeFileSync(`${mount.mountPoint}/f${String(n)}`, 'data');
  const before = descriptorsOf(mount.pid);
  const agents = await Promise.all([0, 1, 2, 3].map(() => Agent.start()));
  try {
    const opened = agents.map((one) => one.call('openmany', `${mount.mountPoint}/f`, files, 18_000, 2));
    await Promise.all(opened);
    const during = descriptorsOf(mount.pid);
    test.comment(`descriptors: ${String(before)}, with 72,000 open files ${String(during)}`);
    test.ok(during < before + 2 * files, 'no descriptor for each open');
    const last = await agents[0]?.call('open', `${mount.mountPoint}/f0`, 0, 0);
    test.equal(await agents[0]?.call('pread', last, 9, 0), 'data');
  } finally {
    await Promise.all(agents.map((one) => one.stop()));
  }
});

await t.test('memory follows what the kernel forgets', { skip }, async (test) => {
  // Enough to count as a burst (fuse/kernel/burst.ts).
  const directories = 700;
  const { mount, agent } = await mountOver(test, (lower) => {
    for (let d = 0; d < directories; d++) {
      mkdirSync(`${lower}/${String(d)}`);
      for (let n = 0; n < 100; n++)
        writeFileSync(`${lower}/${String(d)}/a-name-of-some-length-${String(n)}`, '');
    }
  });
  const walk = async (): Promise<number> => {
    const rows = (await agent.call('snapshot', mount.mountPoint, false)) as unknown[];
    return rows.length;
  };
  const fresh = residentOf(mount.pid);
  test.equal(await walk(), directories * 101 + 1);
  const peaks: number[] = [];
  for (let round = 0; round < 3; round++) {
    // Not the machine's whole page cache: directory entries and inodes only.
    writeFileSync('/proc/sys/vm/drop_caches', '2');
    await walk();
    peaks.push(Math.round(residentOf(mount.pid)));
  }
  writeFileSync('/proc/sys/vm/drop_caches', '2');
  const enough = (): number => fresh + ((peaks[2] ?? 0) - fresh) / 2;
  let after = residentOf(mount.pid);
  for (let tries = 0; tries < 50 && after > enough(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    after = residentOf(mount.pid);
  }
  test.comment(
    `MiB fresh: ${String(Math.round(fresh))}; after walks: ${peaks.join(', ')}; after forgetting: ${String(Math.round(after))}`,
  );
  test.ok(
    (peaks[2] ?? 0) < (peaks[0] ?? 0) * 1.3 + 10,
    'a second and a third walk need no more than the first',
  );
  test.ok(after <= enough(), 'forgotten nodes give their memory back');
});
