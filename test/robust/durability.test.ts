/**
 * What fsync promises, seen from outside: the server calls fsync or fdatasync on the file of the upper before the
 * caller is answered. And what `volatile` gives up for speed: none of these calls, but a guard in the work
 * directory until it was unmounted cleanly.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { Agent } from '../fixtures/agent.ts';
import { makeScratch, type Scratch, type UnionOptions } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { o } from '../conformance/fixtures/flags.ts';

interface Trace {
  /** The calls that ended since the last question: `fsync file`, the last part of the path only. */
  take(): string[];
  stop(): Promise<void>;
}

/** Follows what a server flushes. Its own log is complete once the call has returned to the client. */
async function traceFlushes(pid: number, log: string): Promise<Trace> {
  const args = ['-f', '-y', '-e', 'trace=fsync,fdatasync,syncfs', '-o', log, '-p', String(pid)];
  const child = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const [line] = (await once(createInterface({ input: child.stderr }), 'line')) as [string];
  if (!line.includes('attached')) throw new Error(`strace: ${line}`);
  let taken = 0;
  return {
    take: () => {
      const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
      const fresh = lines.slice(taken);
      taken = lines.length;
      return fresh.flatMap((one) => {
        const found = /(fsync|fdatasync|syncfs)\(\d+<(?:.*\/)?([^/>]*)>/.exec(one);
        return found === null ? [] : [`${found[1] ?? ''} ${found[2] ?? ''}`];
      });
    },
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGINT');
      await exited;
    },
  };
}

function makeUnion(scratch: Scratch, ...options: string[]): UnionOptions & { readonly work: string } {
  const lower = scratch.directory('lower');
  writeFileSync(`${lower}/low`, 'from below');
  return { lower: [lower], upper: scratch.directory('upper'), work: scratch.directory('work'), options };
}

/** Writes to a new file and to one that comes up, and flushes files and a directory; what each flush made the server call. */
async function flushes(test: Test, ...options: string[]): Promise<Record<string, string[]>> {
  const scratch = makeScratch(test);
  const mount = await scratch.mount(makeUnion(scratch, ...options));
  const agent = await Agent.start();
  const trace = await traceFlushes(mount.pid, `${scratch.path}/strace.log`);
  try {
    const made = await agent.call('open', `${mount.path}/made`, o.RDWR | o.CREAT, 0o644);
    const low = await agent.call('open', `${mount.path}/low`, o.RDWR, 0);
    const dir = await agent.call('open', mount.path, o.RDONLY | o.DIRECTORY, 0);
    const done: Record<string, string[]> = {};
    for (const [name, fd, call] of [
      ['fsync of a new file', made, 'fsync'],
      ['fdatasync of a new file', made, 'fdatasync'],
      ['fsync of a file that came up', low, 'fsync'],
      ['fsync of a directory', dir, 'fsync'],
      ['fdatasync of a directory', dir, 'fdatasync'],
    ] as const) {
      if (fd !== dir) await agent.call('pwrite', fd, 'written', 0);
      trace.take();
      await agent.call(call, fd);
      done[name] = trace.take();
    }
    return done;
  } finally {
    await trace.stop();
    await agent.stop();
    await mount.end();
  }
}

for (const passthrough of ['auto', 'off']) {
  t.test(
    `flushing reaches the upper, passthrough=${passthrough}`,
    needs(...mountNeeds, 'program:strace'),
    async (test) => {
      const found = await flushes(test, `passthrough=${passthrough}`);
      test.match(found, {
        'fsync of a new file': ['fsync made'],
        'fdatasync of a new file': ['fdatasync made'],
        'fsync of a file that came up': ['fsync low'],
        'fsync of a directory': ['fsync upper'],
        'fdatasync of a directory': ['fdatasync upper'],
      });
    },
  );
}

t.test('a volatile mount flushes nothing', needs(...mountNeeds, 'program:strace'), async (test) => {
  const found = await flushes(test, 'volatile');
  test.strictSame(Object.values(found).flat(), []);
});

t.test('the guard of a volatile mount', needs(...mountNeeds, 'overlayfs'), async (test) => {
  const scratch = makeScratch(test);
  const union = makeUnion(scratch, 'volatile');
  const guard = `${union.work}/work/incompat/volatile`;
  const clean = await scratch.mount(union);
  test.ok(existsSync(guard), 'is there while it is mounted');
  test.strictSame(await clean.end(), { code: 0, signal: null });
  test.notOk(existsSync(guard), 'is gone after a clean unmount');

  const crashed = await scratch.mount(union);
  crashed.kill('SIGKILL');
  await crashed.end();
  test.ok(existsSync(guard), 'is left by a crash');
  await test.rejects(scratch.mount(union), /volatile/, 'and keeps us off the upper');
  await test.rejects(scratch.kernelOverlay({ ...union, options: [] }), 'and the kernel');
});
