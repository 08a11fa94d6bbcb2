/**
 * Layers on several file systems that give out the same inode numbers (xino): in the mount a number belongs to one
 * object, the entry tells the same number as stat(2), and it stays over copy-up, rename and remount.
 */
import { execFileSync } from 'node:child_process';
import { linkSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { Agent } from '../fixtures/agent.ts';
import { makeScratch, type Scratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { changedInodes, entryFaults, snapshot, type Tree } from '../conformance/fixtures/trees.ts';

/** Two fresh tmpfs, whose numbers begin alike, and a directory on the disk. */
function makeLowers(test: Test, scratch: Scratch): string[] {
  const lowers = ['one', 'two', 'disk'].map((name) => scratch.directory(name));
  for (const path of lowers.slice(0, 2)) {
    execFileSync('mount', ['-t', 'tmpfs', 'strata-test', path]);
    test.teardown(() => execFileSync('umount', ['-l', path]));
  }
  for (const [index, path] of lowers.entries()) {
    const own = `own${String(index)}`;
    mkdirSync(`${path}/both`);
    mkdirSync(`${path}/${own}`);
    for (let n = 0; n < 20; n++) {
      writeFileSync(`${path}/${own}/${String(n)}`, `${own} ${String(n)}`);
      writeFileSync(`${path}/both/${own}-${String(n)}`, 'x');
    }
    symlinkSync('nowhere', `${path}/${own}/link`);
    linkSync(`${path}/${own}/0`, `${path}/${own}/0-again`);
  }
  return lowers;
}

/** Paths that share a number without being names of one file. */
function sharedNumbers(tree: Tree): string[] {
  const byNumber = new Map<string, string[]>();
  for (const row of tree) {
    const file = row.path.replace('-again', '');
    const paths = byNumber.get(row.ino) ?? [];
    if (!paths.includes(file)) byNumber.set(row.ino, [...paths, file]);
  }
  return [...byNumber]
    .filter(([, paths]) => paths.length > 1)
    .map(([ino, paths]) => `${ino}: ${paths.join()}`);
}

t.test('inode numbers are unique and stay', needs(...mountNeeds), async (test) => {
  const scratch = makeScratch(test);
  const agent = await Agent.start();
  const lower = makeLowers(test, scratch);
  test.teardown(() => agent.stop());
  const [one = '', two = ''] = lower;
  test.equal(lstatSync(`${one}/own0/3`).ino, lstatSync(`${two}/own1/3`).ino, 'numbers collide below');
  const upper = scratch.directory('upper');
  const options = ['xino=on', 'index=on', 'metacopy=on', 'redirect_dir=on'];
  const union = { lower, upper, work: scratch.directory('work'), options };

  const mount = await scratch.mount(union);
  const fresh = await snapshot(agent, mount.path);
  test.strictSame([...entryFaults(fresh), ...sharedNumbers(fresh)], [], 'of lower layers');

  const at = (path: string): string => `${mount.path}/${path}`;
  for (const own of ['own0', 'own1', 'own2']) {
    await agent.call('chmod', at(`${own}/3`), 0o600);
    await agent.call('close', await agent.call('open', at(`${own}/4`), 2, 0));
    await agent.call('truncate', at(`${own}/5`), 0);
    await agent.call('chown', at(`${own}/link`), 3, 4);
    await agent.call('chmod', at(`${own}/0`), 0o640);
    await agent.call('link', at(`${own}/6`), at(`${own}/6-again`), false);
    await agent.call('close', await agent.call('open', at(`both/new-${own}`), 0o101, 0o644));
    await agent.call('chmod', at(own), 0o700);
  }
  const copied = await snapshot(agent, mount.path);
  test.strictSame(changedInodes(fresh, copied), [], 'over copy-up');
  test.strictSame([...entryFaults(copied), ...sharedNumbers(copied)], [], 'with an upper');

  const before = copied.find((row) => row.path === 'own1/7')?.ino;
  await agent.call('rename', at('own1/7'), at('both/7'), 0);
  await agent.call('rename', at('own0'), at('both/own0'), 0);
  const moved = await snapshot(agent, mount.path);
  test.equal(moved.find((row) => row.path === 'both/7')?.ino, before, 'a renamed file keeps its number');
  const under = new Map(copied.map((row) => [row.path, row.ino]));
  const other = moved.filter((row) => /^both\/own0(\/|$)/.test(row.path));
  test.ok(other.length > 20);
  test.strictSame(
    other.filter((row) => under.get(row.path.slice(5)) !== row.ino).map((row) => row.path),
    [],
    'a renamed directory keeps its number and those below',
  );

  test.strictSame(await mount.end(), { code: 0, signal: null });
  const again = await scratch.mount({ ...union, at: mount.path });
  const later = await snapshot(agent, again.path);
  test.strictSame(changedInodes(moved, later), [], 'over a remount');
  test.strictSame([...entryFaults(later), ...sharedNumbers(later)], [], 'mounted again');
  await again.end();
});
