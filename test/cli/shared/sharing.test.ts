/**
 * One process for the mounts of several calls: who gets it, when it begins and ends, and that whatever happens to
 * one mount is no other's business.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { isMounted, programPath } from '../../fixtures/mount.ts';
import { mountNeeds, needs } from '../../fixtures/needs.ts';
import { runProgram, serversOf, until } from '../fixtures/program.ts';
import {
  descriptorsOf,
  findShared,
  handIn,
  makePlace,
  meetingPlace,
  umount,
  untilEnded,
} from './fixtures/shared.ts';

const run = promisify(execFile);
const mounts = needs(...mountNeeds);

function readA(at: string): string {
  return readFileSync(join(at, 'a'), 'utf8');
}

t.test('several calls have one process, which ends with the last mount', mounts, async (t) => {
  const place = makePlace(t);
  const [one, two] = [place.union(), place.union()];
  t.match(await place.mount(one), { code: 0, stdout: '', stderr: '' });
  const pid = await findShared();
  t.type(pid, 'number');
  t.match(await place.mount(two), { code: 0, stdout: '', stderr: '' });
  t.equal(await findShared(), pid);
  t.strictSame([...serversOf(one.at), ...serversOf(two.at)], [], 'there is no other');
  writeFileSync(join(one.at, 'a'), 'one');
  t.equal(readA(two.at), 'lower');
  t.equal(readFileSync(join(one.upper, 'a'), 'utf8'), 'one');
  await umount(one.at);
  t.equal(readA(two.at), 'lower', 'the other goes on');
  t.equal(await findShared(), pid);
  const ended = untilEnded();
  await umount(two.at);
  await ended;
});

t.test('the environment asks for it as well, and a mount in front is alone', mounts, async (t) => {
  const place = makePlace(t);
  const [one, two, three] = [place.union(), place.union(), place.union()];
  const env = { STRATAFS_SHARED: '1' };
  for (const { at, options } of [one, two]) {
    t.equal((await runProgram(['-o', options, at], { env })).code, 0);
  }
  t.strictSame([...serversOf(one.at), ...serversOf(two.at)], []);
  const front = runProgram(['-f', '-o', three.options, three.at], { env });
  await until(() => isMounted(three.at), 'it is mounted');
  t.equal(serversOf(three.at).length > 0, true);
  await umount(three.at);
  t.equal((await front).code, 0);
});

t.test('without being asked each mount has its own process', mounts, async (t) => {
  const place = makePlace(t);
  const [one, two] = [place.union(), place.union()];
  t.equal((await place.mount(one)).code, 0);
  t.equal((await runProgram(['-o', two.options, two.at])).code, 0);
  t.equal(serversOf(two.at).length, 1);
  await umount(two.at);
  await until(() => serversOf(two.at).length === 0, 'its server ends');
});

t.test('a mount that cannot be leaves one line, and the others', mounts, async (t) => {
  const place = makePlace(t);
  const [one, two] = [place.union(), place.union()];
  t.equal((await place.mount(one)).code, 0);
  const pid = (await findShared()) ?? 0;
  const before = descriptorsOf(pid);
  // Found out by the process that serves: the upper is locked there.
  const outcome = await runProgram(['-o', `${one.options},shared`, two.at]);
  t.match(outcome, { code: 1, stdout: '', stderr: /^stratafs: .*in use by another mount.*\n$/ });
  const log = join(place.scratch.path, 'none/log');
  t.match(await place.mount(two, [`log=${log}`]), { code: 1, stderr: /^stratafs: the log .*\n$/ });
  t.notOk(isMounted(two.at));
  await until(() => descriptorsOf(pid) <= before, 'no descriptor is left');
  t.equal(readA(one.at), 'lower');
});

t.test('a mount that fails when it is to be served leaves no connection', mounts, async (t) => {
  const { scratch } = makePlace(t);
  for (const name of ['lower', 'one', 'two']) scratch.directory(name);
  writeFileSync(join(scratch.path, 'latency'), '');
  // What is read-only refuses the wish, and with it the mount.
  const script = `
    if [ -e /dev/cpu_dma_latency ]; then mount --bind latency /dev/cpu_dma_latency; mount -o remount,bind,ro /dev/cpu_dma_latency; fi
    "$1" -o lowerdir=lower,shared one
    for tries in 1 2 3; do "$1" -o lowerdir=lower,shared,low_latency=on two && exit 9; done
    for process in /proc/[0-9]*; do
      [ "$(readlink $process/ns/mnt)" = "$(readlink /proc/self/ns/mnt)" ] && tr '\\0' ' ' <$process/cmdline | grep -q '^@stratafs shared' || continue
      ls -l $process/fd | grep -c /dev/fuse
    done
    umount one`;
  const before = ['-m', '--propagation', 'private', 'sh', '-c', script, 'sh', programPath];
  const { stdout, stderr } = await run('unshare', before, { cwd: scratch.path, timeout: 240_000 });
  t.match(stderr, /low_latency=on/);
  t.equal(stdout, '1\n');
});

t.test('the first one that cannot be ends its process', mounts, async (t) => {
  const place = makePlace(t);
  const one = place.union();
  const outcome = await place.mount(one, [`log=${join(place.scratch.path, 'none/log')}`]);
  t.match(outcome, { code: 1, stderr: /^stratafs: the log .*\n$/ });
  await untilEnded();
});

t.test('a mount whose connection is ended from outside is alone in that', mounts, async (t) => {
  const place = makePlace(t);
  const [one, two] = [place.union(), place.union()];
  const log = join(place.scratch.path, 'log');
  t.equal((await place.mount(one, [`log=${log}`])).code, 0);
  t.equal((await place.mount(two)).code, 0);
  const control = place.scratch.directory('control');
  await run('mount', ['-t', 'fusectl', 'none', control]);
  t.teardown(() => umount(control));
  writeFileSync(join(control, String(statSync(one.at).dev), 'abort'), '1');
  await until(() => !isMounted(one.at), 'it is taken away');
  t.equal(readA(two.at), 'lower');
  await until(() => readFileSync(log, 'utf8').includes('ended from outside'), 'its log has it');
});

t.test('SIGTERM unmounts all of them', mounts, async (t) => {
  const place = makePlace(t);
  const unions = [place.union(), place.union(), place.union()];
  for (const union of unions) t.equal((await place.mount(union)).code, 0);
  const ended = untilEnded();
  process.kill((await findShared()) ?? 0, 'SIGTERM');
  await ended;
  t.strictSame(
    unions.filter(({ at }) => isMounted(at)),
    [],
  );
});

t.test('two hundred mounts one after the other leave nothing in the process', mounts, async (t) => {
  const place = makePlace(t);
  const [one, two] = [place.union(), place.union()];
  t.equal((await place.mount(one)).code, 0);
  const pid = (await findShared()) ?? 0;
  const cycle = async (): Promise<void> => {
    await handIn(two);
    t.equal(readA(two.at), 'lower');
    await umount(two.at);
  };
  await cycle();
  const settled = descriptorsOf(pid);
  for (let i = 0; i < 200; i++) await cycle();
  await until(() => descriptorsOf(pid) <= settled, 'the last one is given back');
  t.equal(await findShared(), pid);
});

t.test('a hundred mounts at once, and nothing is left of them', mounts, async (t) => {
  const place = makePlace(t);
  const first = place.union();
  t.equal((await place.mount(first)).code, 0);
  const pid = (await findShared()) ?? 0;
  const others = Array.from({ length: 99 }, () => place.union());
  await Promise.all(others.map(handIn));
  t.equal(await findShared(), pid);
  for (const { at } of others) {
    writeFileSync(join(at, 'b'), at);
    t.equal(readA(at), 'lower');
  }
  for (const { upper, at } of others) t.equal(readFileSync(join(upper, 'b'), 'utf8'), at);
  t.ok(residentMiB(pid) < 500, 'at most 5 MB a mount');
  await Promise.all(others.map(({ at }) => umount(at)));
  const ended = untilEnded();
  await umount(first.at);
  await ended;
  t.notOk(existsSync(meetingPlace().path));
});

function residentMiB(pid: number): number {
  const rollup = readFileSync(`/proc/${String(pid)}/smaps_rollup`, 'latin1');
  return Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1]) / 1024;
}
