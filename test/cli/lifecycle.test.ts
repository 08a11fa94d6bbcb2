import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { asName } from '../../src/base/name.ts';
import { lockUpper } from '../../src/cli/upper-lock.ts';
import { isMounted, makeScratch, programPath, type Scratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { runProgram, serversOf, until } from './fixtures/program.ts';

interface Place extends Scratch {
  readonly at: string;
  readonly upper: string;
  readonly options: string;
}

/** Layers with a file `a` in the lower one; whatever is mounted at `at` is gone when the test ends. */
function makePlace(t: Test): Place {
  const scratch = makeScratch(t);
  const [lower, upper, work, at] = ['lower', 'upper', 'work', 'at'].map((name) =>
    scratch.directory(name),
  ) as [string, string, string, string];
  writeFileSync(join(lower, 'a'), 'lower');
  t.teardown(async () => {
    await end(at);
  });
  return { ...scratch, at, upper, options: `lowerdir=${lower},upperdir=${upper},workdir=${work}` };
}

async function end(at: string): Promise<void> {
  if (isMounted(at)) await run('umount', ['-l', at]);
  await until(() => serversOf(at).length === 0, `the server of ${at} ends`);
}

async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env });
  const [code] = (await once(child, 'close')) as [number];
  return code;
}

t.test(
  'the background: back when it answers, and nothing of the caller is kept',
  needs(...mountNeeds),
  async (t) => {
    const place = makePlace(t);
    // bash puts the file on descriptors that are far apart, as clients leave them open.
    const script = 'exec 5<"$0" 77<"$0" 200<"$0" 254<"$0"; exec "$@" 255<"$0"';
    const before = ['bash', '-c', script, join(place.path, 'lower/a')];
    const outcome = await runProgram(['-o', place.options, place.at], { before });
    t.match(outcome, { code: 0, stdout: '', stderr: '' }, 'its pipes have come to their end');
    t.equal(readFileSync(join(place.at, 'a'), 'utf8'), 'lower', 'the file system answers');
    const [server, ...others] = serversOf(place.at);
    t.strictSame(others, []);
    const proc = `/proc/${String(server)}`;
    t.equal(readlinkSync(`${proc}/cwd`), '/');
    t.match(readFileSync(`${proc}/cmdline`, 'utf8'), /^@/, 'a shutdown leaves it until the end');
    for (const fd of [0, 1, 2]) t.equal(readlinkSync(`${proc}/fd/${String(fd)}`), '/dev/null');
    const open = readdirSync(`${proc}/fd`).map((fd) => readlinkSync(`${proc}/fd/${fd}`));
    t.notOk(open.includes(join(place.path, 'lower/a')), 'no descriptor was inherited');
    t.equal(await run('umount', [place.at]), 0);
    await until(() => serversOf(place.at).length === 0, 'the server ends');
  },
);

t.test('-f stays in front until SIGINT or SIGTERM, which unmount', needs(...mountNeeds), async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const place = makePlace(t);
    const child = spawn(programPath, ['-f', '-o', place.options, place.at], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    await until(() => isMounted(place.at), 'it is mounted');
    t.equal(readFileSync(join(place.at, 'a'), 'utf8'), 'lower');
    child.kill(signal);
    t.strictSame(await exited, [0, null], signal);
    t.notOk(isMounted(place.at));
  }
});

t.test('what nohup ignores stays ignored', needs(...mountNeeds, 'program:nohup'), async (t) => {
  const place = makePlace(t);
  const args = [programPath, '-f', '-o', place.options, place.at];
  const child = spawn('nohup', args, { stdio: 'ignore' });
  const exited = once(child, 'exit');
  await until(() => isMounted(place.at), 'it is mounted');
  t.equal(readFileSync(join(place.at, 'a'), 'utf8'), 'lower');
  child.kill('SIGHUP');
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.ok(isMounted(place.at), 'a terminal that hangs up');
  child.kill('SIGTERM');
  t.strictSame(await exited, [0, null]);
});

t.test(
  'a busy mount goes off the tree at the first signal, ends at the second',
  needs(...mountNeeds),
  async (t) => {
    const place = makePlace(t);
    const child = spawn(programPath, ['-f', '-o', place.options, place.at], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    await until(() => isMounted(place.at), 'it is mounted');
    const held = openSync(join(place.at, 'a'), 'r');
    child.kill('SIGTERM');
    await until(() => !isMounted(place.at), 'it is off the tree');
    t.equal(readFileSync(`/proc/self/fd/${String(held)}`, 'utf8'), 'lower', 'who has a file open goes on');
    child.kill('SIGTERM');
    t.strictSame(await exited, [0, null]);
    closeSync(held);
  },
);

t.test('a signal while it starts leaves neither a mount nor a process', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const start = (): { child: ChildProcess; exited: Promise<unknown> } => {
    const child = spawn(programPath, ['-f', '-o', place.options, place.at], { stdio: 'ignore' });
    return { child, exited: once(child, 'exit') };
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGTERM', 'SIGTERM', 'SIGTERM'] as const) {
    const { child, exited } = start();
    // The moment at which it is mounted and not yet served is short: nothing may come between.
    for (const deadline = Date.now() + 10_000; !isMounted(place.at) && Date.now() < deadline;);
    child.kill(signal);
    await exited;
    t.notOk(isMounted(place.at), `${signal} once it is on the tree`);
  }
  for (let delayMs = 0; delayMs <= 120; delayMs += 8) {
    const { child, exited } = start();
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    child.kill('SIGTERM');
    await exited;
    t.notOk(isMounted(place.at), `after ${String(delayMs)} ms`);
  }
  t.strictSame(serversOf(place.at), []);
});

t.test('a signal while it waits for an upper that is in use', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const [upper, work] = [asName(place.upper), asName(join(place.path, 'work'))];
  const lock = await lockUpper({ upper, work });
  t.teardown(() => {
    lock.release();
  });
  // Such a one is given a minute.
  lock.recordEnd();
  const child = spawn(programPath, ['-f', '-o', place.options, place.at], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'close');
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await until(
    () => readFileSync(`/proc/${String(child.pid)}/cmdline`, 'latin1').startsWith('@'),
    'it has begun',
  );
  const asked = Date.now();
  child.kill('SIGTERM');
  t.strictSame(await exited, [1, null]);
  t.ok(Date.now() - asked < 30_000, 'it did not wait for the end of the other');
  t.equal(said, 'stratafs: ended by SIGTERM before the mount answered\n');
  t.notOk(isMounted(place.at));
});

t.test('mounted again at once after umount, on the same upper', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  for (let round = 0; round < 3; round++) {
    const outcome = await runProgram(['-o', place.options, place.at]);
    t.match(outcome, { code: 0, stderr: '' });
    writeFileSync(join(place.at, `round-${String(round)}`), '');
    t.equal(await run('umount', [place.at]), 0);
  }
  t.equal(readdirSync(place.upper).filter((name) => name.startsWith('round-')).length, 3);
});

t.test('after kill -9 the same upper can be mounted again', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  await runProgram(['-o', place.options, place.at]);
  writeFileSync(join(place.at, 'new'), 'x');
  for (const pid of serversOf(place.at)) process.kill(pid, 'SIGKILL');
  t.equal(await run('umount', [place.at]), 0);
  t.match(await runProgram(['-o', place.options, place.at]), { code: 0, stderr: '' });
  t.equal(readFileSync(join(place.at, 'new'), 'utf8'), 'x');
});

t.test('a caller who has gone meanwhile gets no mount', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const child = spawn(programPath, ['--report=3', '-o', place.options, place.at], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  child.stdio[3]?.destroy();
  t.strictSame(await once(child, 'exit'), [0, null]);
  t.notOk(isMounted(place.at));
});

t.test('relative paths are those of the caller', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  symlinkSync('../lower', join(place.directory('l'), 'ID'));
  const options = 'lowerdir=l/ID,upperdir=upper,workdir=work,,volatile';
  t.match(await runProgram(['-o', options, 'at'], { cwd: place.path }), { code: 0, stderr: '' });
  t.equal(readFileSync(join(place.at, 'a'), 'utf8'), 'lower');
});

t.test('paths that are not UTF-8, and paths with every separator', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const odd = Buffer.concat([
    Buffer.from(join(place.path, 'odd ')),
    Buffer.from([0xff, 0xfe]),
    Buffer.from(':,\\\n'),
  ]);
  mkdirSync(odd);
  writeFileSync(Buffer.concat([odd, Buffer.from('/b')]), 'odd');
  // Only a shell can hand over such an argument: Node encodes its own as UTF-8.
  const quoted = String.raw`$'${place.path}/odd \377\376\\:\\,\\\\\n'`;
  const exact = await runProgram([], {
    before: ['bash', '-c', `exec "$@" -o lowerdir=${quoted} '${place.at}'`, 'bash'],
  });
  t.match(exact, { code: 0, stderr: '' });
  t.equal(readFileSync(join(place.at, 'b'), 'utf8'), 'odd');
});

t.test('without an upper nothing can be written', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  t.match(await runProgram(['-o', `lowerdir=${join(place.path, 'lower')}`, place.at]), { code: 0 });
  t.throws(
    () => {
      writeFileSync(join(place.at, 'b'), '');
    },
    { code: 'EROFS' },
  );
});

t.test("options of the mount are the kernel's", needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const options = `${place.options},noexec,nosuid,nodev,noatime,fsname=some\\,thing`;
  t.match(await runProgram(['-o', options, place.at]), { code: 0 });
  const line =
    readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .find((one) => one.includes(` ${place.at} `)) ?? '';
  t.match(line, /^some,thing \S+ fuse\.stratafs rw,nosuid,nodev,noexec,noatime,/);
});

t.test(
  'mount.fuse3 starts it, as mount(8) and containerd do',
  needs(...mountNeeds, 'program:mount.fuse3'),
  async (t) => {
    const place = makePlace(t);
    const args = [`${programPath}#overlay`, place.at, '-o', `${place.options},noatime,dev,suid`];
    t.equal(await run('mount.fuse3', args), 0);
    t.equal(readFileSync(join(place.at, 'a'), 'utf8'), 'lower');
    t.match(readFileSync('/proc/self/mounts', 'utf8'), `overlay ${place.at} fuse.stratafs rw,noatime,`);
  },
);

t.test('-h and --version', needs('build'), async (t) => {
  t.match(await runProgram(['-h']), { code: 0, stdout: /^usage: stratafs /, stderr: '' });
  t.match(await runProgram(['--version']), {
    code: 0,
    stdout: /^stratafs: version \d+\.\d+\.\d+\n$/,
    stderr: '',
  });
});

t.test('-h for a reader who has gone, and for a full disk', needs('build'), async (t) => {
  const before = (redirection: string): string[] => ['bash', '-c', `"$@" ${redirection}; exit $?`, 'bash'];
  t.match(await runProgram(['-h'], { before: before('> >(exec true)') }), { code: 0, stderr: '' });
  t.match(await runProgram(['-h'], { before: before('>/dev/full') }), {
    code: 1,
    stderr: /^stratafs: ENOSPC[^\n]*\n$/,
  });
});

t.test('a log file for a server in the background', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const file = join(place.path, 'log');
  t.match(await runProgram(['-o', `${place.options},log=${file}`, place.at]), { code: 0, stderr: '' });
  t.ok(existsSync(file));
});

t.test('-o debug goes to the background as everything in -o does', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const file = join(place.path, 'log');
  const outcome = await runProgram(['-o', `debug,${place.options},log=${file}`, place.at]);
  t.match(outcome, { code: 0, stdout: '', stderr: '' }, 'its pipes have come to their end');
  t.equal(readFileSync(join(place.at, 'a'), 'utf8'), 'lower');
  t.throws(() => readFileSync(join(place.at, 'absent')), { code: 'ENOENT' });
  const log = readFileSync(file, 'utf8');
  t.match(log, /^stratafs: OPEN node \d+: ok$/m, 'requests are logged');
  t.match(log, /^stratafs: INIT node 0: ok$/m);
});
