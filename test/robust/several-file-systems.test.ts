/**
 * Layers on several file systems that give out the same inode numbers (xino): in the mount a number belongs to one
 * object, the entry tells the same number as stat(2), and it stays over copy-up, rename and remount. Two files
 * of equal numbers, uuids or handles are never taken for one.
 */
import { execFileSync } from 'node:child_process';
import { linkSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { Agent } from '../fixtures/agent.ts';
import { makeScratch, type Scratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { changedInodes, entryFaults, snapshot, type Tree } from '../conformance/fixtures/trees.ts';

const options = ['xino=on', 'index=on', 'metacopy=on', 'redirect_dir=on'];

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

/** A file system of its own in an image file. */
function mountImage(test: Test, image: string, at: string): string {
  mkdirSync(at, { recursive: true });
  execFileSync('mount', ['-o', 'loop', image, at]);
  test.teardown(() => execFileSync('umount', ['-l', at]));
  return at;
}

const sh = (script: string, cwd: string): void => {
  execFileSync('/bin/sh', ['-ec', script], { cwd, stdio: 'ignore' });
};

const readText = (agent: Agent, path: string): Promise<string> =>
  agent.call('open', path, 0, 0).then(async (fd) => {
    const text = (await agent.call('pread', fd, 100, 0)) as string;
    await agent.call('close', fd);
    return text;
  });

async function append(agent: Agent, path: string, text: string): Promise<void> {
  const fd = await agent.call('open', path, 0o2001, 0);
  await agent.call('write', fd, text);
  await agent.call('close', fd);
}

t.test('two copies of one image', needs(...mountNeeds, 'program:mkfs.ext4'), async (test) => {
  const scratch = makeScratch(test);
  const agent = await Agent.start();
  test.teardown(() => agent.stop());
  sh('truncate -s 8M one; mkfs.ext4 -q one', scratch.path);
  const first = mountImage(test, `${scratch.path}/one`, scratch.directory('first'));
  sh('mkdir d; echo one >a1; ln a1 a2; echo one >s; sync', first);
  sh('sync; fsfreeze -f first; cp one two; fsfreeze -u first', scratch.path);
  const second = mountImage(test, `${scratch.path}/two`, scratch.directory('second'));
  sh('mv a1 b1; mv a2 b2; mv s t; echo two >b1; echo two >t', second);
  test.equal(lstatSync(`${first}/a1`).ino, lstatSync(`${second}/b1`).ino);
  const union = {
    lower: [first, second],
    upper: scratch.directory('upper'),
    work: scratch.directory('work'),
    options,
  };
  const mount = await scratch.mount(union);
  const at = (path: string): string => `${mount.path}/${path}`;
  await agent.call('chmod', at('a1'), 0o600);
  test.equal(await readText(agent, at('b2')), 'two\n');
  await append(agent, at('b1'), 'more');
  await agent.call('chmod', at('s'), 0o600);
  await agent.call('chmod', at('t'), 0o600);
  test.equal(await readText(agent, at('a1')), 'one\n');
  test.equal(await readText(agent, at('b1')), 'two\nmore');
  await mount.end();
  const again = await scratch.mount({ ...union, at: mount.path });
  const tree = await snapshot(agent, again.path);
  test.strictSame(
    sharedNumbers(tree).filter((line) => !/a1,a2$|b1,b2$/.test(line)),
    [],
  );
  test.equal(await readText(agent, at('a1')), 'one\n');
  test.equal(await readText(agent, at('b1')), 'two\nmore');
  await again.end();
});

t.test(
  'subvolumes as layers, and below one layer',
  needs(...mountNeeds, 'program:mkfs.btrfs'),
  async (test) => {
    const scratch = makeScratch(test);
    const agent = await Agent.start();
    test.teardown(() => agent.stop());
    sh('truncate -s 128M image; mkfs.btrfs -q image', scratch.path);
    const top = mountImage(test, `${scratch.path}/image`, scratch.directory('btrfs'));
    sh(
      `btrfs subvolume create one; echo one >one/a1; ln one/a1 one/a2; echo x >one/x
    btrfs subvolume snapshot one two; cd two; mv a1 b1; mv a2 b2; mv x y; echo two >b1; cd ..
    mkdir nest; btrfs subvolume snapshot one nest/one; btrfs subvolume snapshot two nest/two`,
      top,
    );
    const union = {
      lower: [`${top}/one`, `${top}/two`, `${top}/nest`],
      upper: scratch.directory('upper'),
      work: scratch.directory('work'),
      options,
    };
    const mount = await scratch.mount(union);
    const at = (path: string): string => `${mount.path}/${path}`;
    for (const path of ['a1', 'b1', 'x', 'y', 'one/a1']) await agent.call('chmod', at(path), 0o600);
    const before = await snapshot(agent, mount.path);
    test.equal(await readText(agent, at('b2')), 'two\n');
    await append(agent, at('one/a2'), 'more');
    test.equal(await readText(agent, at('one/a1')), 'one\nmore');
    test.equal(await readText(agent, at('two/b1')), 'two\n', 'another file with the same number');
    test.equal(await readText(agent, at('a1')), 'one\n');
    await mount.end();
    const again = await scratch.mount({ ...union, at: mount.path });
    // Those below a layer have numbers by the order in which they are met (union/inode-numbers.ts).
    test.equal(await readText(agent, at('one/a1')), 'one\nmore');
    test.equal(await readText(agent, at('two/b2')), 'two\n');
    const later = await snapshot(agent, again.path);
    test.strictSame(changedInodes(before, later), [], 'over a remount');
    await again.end();
  },
);
