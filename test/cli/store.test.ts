/**
 * A session with the commands about images, as somebody types it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { CheckResult } from '../../src/store/check/run-check.ts';
import type { ImageDifference } from '../../src/store/compare-images.ts';
import type { HistoryRow, ImageRow } from '../../src/store/image-list.ts';
import type { LayerRow, WasteRow } from '../../src/store/layer-report.ts';
import type { SystemInfo } from '../../src/store/system-info.ts';
import type { UsageRow } from '../../src/store/system-usage.ts';
import type { Provenance } from '../../src/store/which.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { addImage, makeStage, mountPointsBelow, shell, type Stage } from '../store/fixtures/stage.ts';
import { strata } from '../store/fixtures/strata.ts';

async function run(t: Test, stage: Stage, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await strata(stage.root, ...args);
  t.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function json<T>(t: Test, stage: Stage, ...args: readonly string[]): Promise<T> {
  return JSON.parse(await run(t, stage, ...args, '--json')) as T;
}

async function refusal(t: Test, stage: Stage, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await strata(stage.root, ...args);
  t.equal(code, 1, args.join(' '));
  t.equal(stdout, '');
  t.match(stderr, /^strata: [^\n]*\n$/);
  return stderr;
}

t.test('an image from import to rmi', needs(...mountNeeds), async (t) => {
  const stage = makeStage(t);
  const tree = stage.directory('tree');
  shell(
    tree,
    'mkdir etc bin; echo one > etc/name; echo tool > bin/tool; chmod 4755 bin/tool; ln -s tool bin/link',
  );
  t.match(await refusal(t, stage, 'import', tree, 'Base'), /write base\n$/);
  const id = (await run(t, stage, 'import', '-m', 'first', tree, 'base')).trim();
  t.match(id, /^sha256:[0-9a-f]{64}$/);
  shell(stage.path, 'tar -C tree -czf tree.tar.gz .');
  await run(t, stage, 'image', 'import', join(stage.path, 'tree.tar.gz'), 'packed:1');

  t.match(await run(t, stage, 'images'), /^base +latest +[0-9a-f]{12} +.* ago +9B$/m);
  t.equal((await json<ImageRow[]>(t, stage, 'image', 'ls')).length, 2);
  t.match((await json<HistoryRow[]>(t, stage, 'history', 'base'))[0], { comment: 'first', size: 9 });
  t.match(await run(t, stage, 'inspect', id.slice(7, 20)), /"base:latest"/);
  await run(t, stage, 'tag', 'base', 'team/app:v1');
  t.match(await refusal(t, stage, 'rmi', id.slice(7, 19)), /several names.*rmi -f/);
  t.match(await refusal(t, stage, 'rmi', 'base:v2'), /there is base:latest/);
  t.equal(await run(t, stage, 'cat', 'base:/etc/name'), 'one\n');
  t.match(await refusal(t, stage, 'cat', 'base:/bin/link'), /link to tool/);

  await run(t, stage, 'export', '-o', join(stage.path, 'out.tar'), 'base');
  t.ok(shell(stage.path, 'tar tf out.tar').split('\n').includes('bin/tool'));
  t.match(await run(t, stage, 'rmi', 'team/app:v1'), /^Untagged: team\/app:v1\n$/);
  t.match(await run(t, stage, 'rmi', 'base'), /^Untagged: base:latest\nDeleted: .*\nDeleted: /);
  await run(t, stage, 'system', 'prune', '--all', '--force');
  t.strictSame(await json(t, stage, 'images'), []);
  t.strictSame((await json<CheckResult>(t, stage, 'system', 'check')).found, []);
});

t.test('images of several layers', needs(...mountNeeds), async (t) => {
  const stage = makeStage(t);
  const store = await stage.open('strata');
  const one = stage.directory('one');
  shell(one, 'mkdir d; head -c 100000 /dev/urandom > d/big; echo a > d/a; echo b > b');
  const two = stage.directory('two');
  shell(two, 'mkdir d; mknod d/big c 0 0; echo changed > d/a');
  const three = stage.directory('three');
  shell(three, 'echo b > b; echo new > new');
  await addImage(store, 'two', [one, two]);
  await addImage(store, 'three', [one, two, three]);

  const layers = await json<LayerRow[]>(t, stage, 'layers', '--files');
  t.equal(layers.length, 3);
  t.strictSame(layers[0]?.images.toSorted(), ['three:latest', 'two:latest']);
  t.strictSame(
    layers[1]?.files?.map(({ kind, path }) => `${kind} ${path}`),
    ['modified d', 'modified d/a', 'deleted d/big'],
  );
  t.strictSame(await json<WasteRow[]>(t, stage, 'layers', '--waste', 'three'), [
    { path: 'd/big', size: 100000, how: 'deleted', from: 'RUN 1', by: 'RUN 2' },
    { path: 'd/a', size: 2, how: 'replaced', from: 'RUN 1', by: 'RUN 2' },
    { path: 'b', size: 2, how: 'replaced', from: 'RUN 1', by: 'RUN 3' },
  ]);
  const differences = await json<ImageDifference[]>(t, stage, 'diff', 'two', 'three');
  t.strictSame(
    differences.map(({ kind, path }) => `${kind} ${path}`),
    ['added new'],
    'a file with the same content is the same file',
  );
  t.equal(await run(t, stage, 'cat', 'three:/d/a@1'), 'a\n');
  t.equal(await run(t, stage, 'cat', 'three:/d/a'), 'changed\n');
  t.match(await refusal(t, stage, 'cat', 'three:/d/big'), /there is no \/d\/big/);
  t.match(await run(t, stage, 'tree', '--layers', 'three'), /^ +2 +a$/m);

  const target = stage.directory('target');
  const upper = join(stage.path, 'upper');
  await run(t, stage, 'mount', 'three', '--upper', upper, target);
  shell(target, 'echo mine > mine; rm b');
  t.match(await json<Provenance>(t, stage, 'which', join(target, 'd/a')), { createdBy: 'RUN 2' });
  t.match(await json<Provenance>(t, stage, 'which', join(target, 'mine')), { layer: 'upper' });
  t.match(await json<Provenance>(t, stage, 'which', 'three:/d/a'), { createdBy: 'RUN 2', path: '/d/a' });
  t.match(await refusal(t, stage, 'rmi', 'three'), /is mounted at/);
  t.match(await refusal(t, stage, 'mount', 'two', target), /mount point already/);
  await run(t, stage, 'umount', target);
  t.equal(readFileSync(join(upper, 'mine'), 'utf8'), 'mine\n');
  t.match(await refusal(t, stage, 'umount', target), /is not a mount .*: findmnt -t/);
  await run(t, stage, 'mount', upper, one, target);
  t.equal(shell(target, 'cat mine d/a'), 'mine\na\n');
  await run(t, stage, 'umount', target);
  t.strictSame(mountPointsBelow(stage.path), []);
});

t.test('every byte is accounted for', needs(...mountNeeds), async (t) => {
  const stage = makeStage(t);
  const tree = stage.directory('tree');
  shell(tree, 'for i in $(seq 300); do head -c $((i * 50)) /dev/zero > $i; done; ln 1 linked');
  await run(t, stage, 'import', tree, 'base');
  const rows = await json<UsageRow[]>(t, stage, 'system', 'df');
  const sum = rows.reduce((bytes, { size }) => bytes + size, 0);
  const du = Number(shell(stage.path, 'du -sxB1 root').split('\t')[0]);
  t.ok(Math.abs(sum - du) <= du / 100, `${String(sum)} of ${String(du)}`);
});

t.test('a fault is found, with an exit status of its own', needs(...mountNeeds), async (t) => {
  const stage = makeStage(t);
  const tree = stage.directory('tree');
  writeFileSync(join(tree, 'file'), 'content');
  await run(t, stage, 'import', tree, 'base');
  const [layer] = await json<LayerRow[]>(t, stage, 'layers');
  const size = join(stage.root, 'image/overlay2/layerdb/sha256', layer?.chainId.slice(7) ?? '', 'size');
  writeFileSync(size, '1');
  const found = await strata(stage.root, 'system', 'check');
  t.equal(found.code, 2);
  t.match(found.stdout, /^layer-size: .*size: it should be 7 \(--repair mends it\)\n1 faults\n$/);
  t.match(await run(t, stage, 'system', 'check', '--repair'), /^mended layer-size/);
});

t.test('info tells why a driver was chosen', needs(...mountNeeds), async (t) => {
  const stage = makeStage(t);
  const info = await json<SystemInfo>(t, stage, 'info');
  t.match(info, { root: stage.root, driver: 'strata', reason: /trial mount worked/ });
  t.ok(existsSync(info.runRoot));
  t.match(await refusal(t, stage, '--driver', 'aufs', 'info'), /use overlay2/);
  t.match(await refusal(t, stage, '--driver', 'vfs', 'info'), /leave out --driver/);
  t.equal((await strata(stage.root, '--driver', 'overlay', 'info')).code, 0);
});

t.test('without FUSE the kernel mounts', needs(...mountNeeds, 'overlayfs'), async (t) => {
  const stage = makeStage(t);
  const program = fileURLToPath(new URL('../../bin/strata', import.meta.url));
  const script = `mount --bind /dev/null /dev/fuse; exec ${program} --root ${stage.root} info --json`;
  const info = JSON.parse(
    shell(stage.path, `unshare --mount --propagation private sh -c '${script}'`),
  ) as SystemInfo;
  t.match(info, { driver: 'overlay2', reason: /trial mount worked; before it failed strata \(/ });
});

t.test('a mount in another mount namespace is left alone', needs(...mountNeeds), async (t) => {
  const stage = makeStage(t);
  const tree = stage.directory('tree');
  writeFileSync(join(tree, 'file'), 'content');
  await run(t, stage, 'import', tree, 'base');
  const target = stage.directory('target');
  const program = fileURLToPath(new URL('../../bin/strata', import.meta.url));
  const script = `${program} --root "$1" mount base "$2" && echo mounted && read -r line && ${program} --root "$1" umount "$2"`;
  const words = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', stage.root, target];
  const other = spawn('unshare', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(createInterface(other.stdout), 'line');
  t.match(await refusal(t, stage, 'umount', target), /in another mount namespace/);
  t.match(await refusal(t, stage, 'rmi', 'base'), /is mounted at/);
  other.stdin.end('\n');
  const [code] = (await once(other, 'exit')) as [number];
  t.equal(code, 0);
  await run(t, stage, 'rmi', 'base');
});
