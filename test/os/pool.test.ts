import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Fd } from '../../src/base/ids.ts';
import { asName } from '../../src/base/name.ts';
import { getAddon, type NativeChannel } from '../../src/os/addon.ts';
import * as os from '../../src/os/constants.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch } from './fixtures/scratch.ts';

const fs = new RealFs();
const addonPath = fileURLToPath(new URL('../../native/build/Release/strata.node', import.meta.url));

t.test('reads and writes on the pool', async (t) => {
  const dir = makeScratch(t);
  const fd = fs.openat(dir.fd, asName('f'), os.O_CREAT | os.O_RDWR, 0o600);
  const message = Buffer.from('--some bytes');
  t.equal(await fs.pwriteAsync(fd, message, 2, 10, 100), 10);
  const buffer = Buffer.alloc(12);
  t.equal(await fs.preadAsync(fd, buffer, 1, 11, 100), 10);
  t.equal(buffer.toString(), '\0some bytes\0');
  await fs.fsync(fd, false);
  await fs.fsync(fd, true);
  await fs.syncfs(fd);
  await fs.fallocateAsync(fd, 0, 0, 5000);
  t.equal(readFileSync(dir.at('f')).length, 5000);
  t.equal(await fs.copyFileRangeAsync(fd, 100, fd, 0, 4), 4);
  t.equal(readFileSync(dir.at('f')).toString('latin1', 0, 4), 'some');
  fs.close(fd);
});

t.test('a failure is a rejection with an FsError', async (t) => {
  const buffer = Buffer.alloc(4);
  const bad = -1 as Fd;
  const badf = { name: 'FsError', code: 'EBADF' };
  await t.rejects(fs.preadAsync(bad, buffer, 0, 4, 0), badf);
  await t.rejects(fs.pwriteAsync(bad, buffer, 0, 4, 0), badf);
  await t.rejects(fs.fsync(bad, false), { ...badf, syscall: 'fsync' });
  await t.rejects(fs.syncfs(bad), badf);
  await t.rejects(fs.fallocateAsync(bad, 0, 0, 1), badf);
  await t.rejects(fs.copyFileRangeAsync(bad, 0, bad, 0, 1), badf);
  await t.rejects(fs.preadAsync(bad, buffer, 2, 4, 0), { code: 'EFAULT' });
});

t.test('many jobs at once, each with its own answer', async (t) => {
  const dir = makeScratch(t);
  const count = 5000;
  const data = Buffer.alloc(count * 4);
  for (let at = 0; at < count; at++) data.writeUInt32LE(at, at * 4);
  writeFileSync(dir.at('f'), data);
  const fd = fs.openat(dir.fd, asName('f'), os.O_RDONLY, 0);
  const read = await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const buffer = Buffer.alloc(4);
      await fs.preadAsync(fd, buffer, 0, 4, at * 4);
      return buffer.readUInt32LE(0);
    }),
  );
  t.ok(read.every((value, at) => value === at));
  fs.close(fd);
  const { length } = readdirSync('/proc/self/task');
  t.ok(length <= 16 + 16, `${String(length)} threads`);
});

t.test(
  'jobs that block for long leave room for others; flushing ones have eight threads at most',
  async (t) => {
    const dir = makeScratch(t);
    fs.mknodat(dir.fd, asName('fifo'), os.S_IFIFO | 0o600, 0);
    const fifo = openSync(dir.at('fifo'), 'r+') as Fd;
    // copyData with fsync runs in the lane of flushing jobs; reading a fifo blocks it there.
    const targets = Array.from({ length: 20 }, (_, at) =>
      fs.openat(dir.fd, asName(`t${String(at)}`), os.O_CREAT | os.O_RDWR, 0o600),
    );
    const blocked = targets.map((to) => fs.copyData(fifo, to, 1, { sync: true }).catch(() => undefined));
    const file = openSync(dir.at('t0'), 'r') as Fd;
    const buffer = Buffer.alloc(1);
    // Without a lane of its own, twenty blocked jobs would hold all sixteen threads.
    t.equal(await fs.preadAsync(file, buffer, 0, 1, 0), 0);
    writeFileSync(dir.at('fifo'), 'x'.repeat(20));
    closeSync(fifo);
    closeSync(file);
    await Promise.all(blocked);
    for (const to of targets) fs.close(to);
  },
);

t.test('notifications that wait for a lock of the kernel leave room for others', async (t) => {
  const dir = makeScratch(t);
  fs.mknodat(dir.fd, asName('fifo'), os.S_IFIFO | 0o600, 0);
  // Full, so that writing to it blocks as NOTIFY_INVAL_ENTRY does while a directory is locked.
  const fifo = openSync(dir.at('fifo'), 'r+') as Fd;
  writeSync(fifo, Buffer.alloc(64 * 1024));
  const addon = getAddon();
  const channel = addon.channelOpen(fifo, Buffer.alloc(64), 0) as NativeChannel;
  const message = Buffer.alloc(4096);
  const blocked = Array.from({ length: 20 }, () => addon.channelSendAsync(channel, message, 4096));
  const buffer = Buffer.alloc(1);
  writeFileSync(dir.at('f'), 'x');
  const file = openSync(dir.at('f'), 'r') as Fd;
  t.equal(await fs.preadAsync(file, buffer, 0, 1, 0), 1);
  closeSync(file);
  const drain = await open(dir.at('fifo'), 'r');
  for (let left = 64 * 1024 + 20 * 4096; left > 0;) left -= (await drain.read(Buffer.alloc(left))).bytesRead;
  await drain.close();
  t.strictSame(await Promise.all(blocked), Array<number>(20).fill(0));
  addon.channelClose(channel);
});

t.test('a process ends without waiting for the pool, and stays for a job', (t) => {
  const script = `
    const a = require(${JSON.stringify(addonPath)});
    a.assumeNone();
    const b = Buffer.alloc(3);
    const fd = require('fs').openSync('/etc/passwd');
    a.preadAsync(fd, b, 0, 3, 0).then((n) => console.log(n, b.toString()));`;
  t.equal(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }), '3 roo\n');
  t.end();
});

t.test('a worker thread has an addon of its own, and can end in the middle of a job', async (t) => {
  const script = `
    const a = require(${JSON.stringify(addonPath)});
    const b = Buffer.alloc(3);
    const fd = require('fs').openSync('/etc/passwd');
    a.preadAsync(fd, b, 0, 3, 0).then((n) => {
      for (let i = 0; i < 100; i++) a.fsyncAsync(fd, false);
      require('worker_threads').parentPort.postMessage(n);
      process.exit(7);
    });`;
  const worker = new Worker(script, { eval: true });
  const messages: unknown[] = [];
  worker.on('message', (message) => messages.push(message));
  const code = await new Promise((resolve) => {
    worker.on('exit', resolve);
  });
  t.equal(code, 7);
  t.same(messages, [3]);
});

const limits = needs('root', 'build', 'program:setpriv', 'program:prlimit');

t.test('where no thread can be made a job fails', limits, (t) => {
  const script = `
    const { execFileSync } = require('node:child_process');
    const native = require(${JSON.stringify(addonPath)});
    const fd = require('node:fs').openSync('/etc/passwd');
    const read = () => native.preadAsync(fd, Buffer.alloc(4), 0, 4, 0);
    execFileSync('prlimit', ['--nproc=1:', '--pid', String(process.pid)]);
    (async () => console.log(await read(), await read()))();`;
  const become = ['--reuid=5', '--regid=60', '--clear-groups', '--inh-caps=-all', '--'];
  const said = execFileSync('setpriv', [...become, process.execPath, '-e', script], {
    cwd: '/',
    encoding: 'utf8',
    timeout: 20_000,
  });
  t.equal(said, '-11 -11\n');
  t.end();
});
