/**
 * Signals while a file is copied up: one with a handler changes nothing, one that ends the process ends the
 * copy, of which nothing remains, and ends the waiting for the copy that somebody else makes.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const size = 512 * 2 ** 20;
const python = '/usr/bin/python3';

async function openMount(test: Test) {
  const below = makeScratch(test, { on: 'tmpfs' });
  const scratch = makeScratch(test);
  const [upper, work] = ['upper', 'work'].map((name) => scratch.directory(name)) as [string, string];
  const chunk = Buffer.alloc(2 ** 20, 'x');
  for (let at = 0; at < size; at += chunk.length) writeFileSync(`${below.path}/file`, chunk, { flag: 'a' });
  const mount = await scratch.mount({ lower: [below.path], upper, work });
  const copies = (): string[] => readdirSync(`${work}/work`).filter((name) => name.startsWith('#t'));
  const start = (program: string): ChildProcess =>
    spawn(python, ['-c', program], { cwd: mount.path, stdio: ['ignore', 'pipe', 'inherit'] });
  return { at: mount.path, upper, copies, start };
}

async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !isSo() && Date.now() < deadline;)
    await new Promise((resolve) => setTimeout(resolve, 1));
}

const openIt = 'import os; print("here", flush=True); os.open("file", os.O_RDWR)';

t.test('a timer that goes off all the time', needs(...mountNeeds), async (test) => {
  const { upper, start } = await openMount(test);
  const profiled = start(`
import ctypes, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
fd = libc.open(b"file", os.O_RDWR)
signal.setitimer(signal.ITIMER_REAL, 0)
sys.exit(0 if fd >= 0 else ctypes.get_errno())`);
  test.strictSame(await once(profiled, 'exit'), [0, null]);
  test.equal(statSync(`${upper}/file`).size, size);
});

for (const signal of ['SIGINT', 'SIGKILL', 'SIGQUIT'] as const) {
  t.test(`${signal} ends a copy`, needs(...mountNeeds), async (test) => {
    const { upper, copies, start } = await openMount(test);
    const program = `import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); ${openIt}`;
    const child = start(program);
    const exited = once(child, 'exit');
    await until(() => copies().length > 0);
    child.kill(signal);
    test.strictSame(await exited, [null, signal]);
    test.strictSame(copies(), []);
    test.notOk(existsSync(`${upper}/file`));
  });
}

t.test('the end comes after a signal with a handler', needs(...mountNeeds), async (test) => {
  const { upper, copies, start } = await openMount(test);
  const child = start(`import signal; signal.signal(signal.SIGUSR1, lambda *_: None); ${openIt}`);
  const exited = once(child, 'exit');
  await until(() => copies().length > 0);
  child.kill('SIGUSR1');
  child.kill('SIGKILL');
  test.strictSame(await exited, [null, 'SIGKILL']);
  test.notOk(existsSync(`${upper}/file`));
});

t.test(
  'who waits for the copy of another ends at once, and copies nothing',
  needs(...mountNeeds),
  async (test) => {
    const { upper, copies, start } = await openMount(test);
    const first = start(openIt);
    const second = start(openIt);
    const [firstExit, secondExit] = [once(first, 'exit'), once(second, 'exit')];
    await Promise.all([first, second].map((child) => once(child.stdout as NodeJS.ReadableStream, 'data')));
    await until(() => copies().length > 0);
    second.kill('SIGKILL');
    test.strictSame(await secondExit, [null, 'SIGKILL']);
    first.kill('SIGKILL');
    await firstExit;
    test.strictSame(copies(), []);
    test.notOk(existsSync(`${upper}/file`));
  },
);

for (const act of ['os.unlink("file")', 'os.rename("new", "file")']) {
  t.test(
    `${act} of what is being copied ends at once, and does nothing`,
    needs(...mountNeeds),
    async (test) => {
      const { at, copies, start } = await openMount(test);
      writeFileSync(`${at}/new`, '');
      const first = start(openIt);
      const firstExit = once(first, 'exit');
      await until(() => copies().length > 0);
      const second = start(`import os; print("here", flush=True); ${act}`);
      const secondExit = once(second, 'exit');
      await once(second.stdout as NodeJS.ReadableStream, 'data');
      second.kill('SIGKILL');
      test.strictSame(await secondExit, [null, 'SIGKILL']);
      test.equal(copies().length, 1, 'the copy goes on');
      first.kill('SIGKILL');
      await firstExit;
      test.equal(statSync(`${at}/file`).size, size);
    },
  );
}

// Nothing ends one, and it was of 2 GiB: who was killed in the midst stayed for all of them.
t.test('a copy_file_range comes in parts', needs(...mountNeeds), async (test) => {
  const { upper, start } = await openMount(test);
  const copying = start(`
import os
source, target = (os.open(name, os.O_RDWR | os.O_CREAT) for name in ("source", "target"))
os.ftruncate(source, ${String(2 ** 27)})
os.pwrite(source, b"end", ${String(2 ** 27 - 3)})
while (count := os.copy_file_range(source, target, 2 ** 31 - 4096)) > 0: print(count, flush=True)`);
  let counts = '';
  copying.stdout?.on('data', (chunk: Buffer) => (counts += chunk.toString()));
  test.strictSame(await once(copying, 'close'), [0, null]);
  test.equal(counts, `${String(2 ** 26)}\n`.repeat(2));
  test.ok(readFileSync(`${upper}/target`).equals(readFileSync(`${upper}/source`)));
});
