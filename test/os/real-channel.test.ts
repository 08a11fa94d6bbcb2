import { createHook } from 'node:async_hooks';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Fd } from '../../src/base/ids.ts';
import { asName } from '../../src/base/name.ts';
import * as os from '../../src/os/constants.ts';
import { createCollector } from '../../src/os/heap.ts';
import { unmountFuse } from '../../src/os/mount.ts';
import { findMountAt } from '../../src/os/mountinfo.ts';
import { RealChannel } from '../../src/os/real-channel.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { content, finish, op, serveOneFile, uniqueOf } from './fixtures/one-file-server.ts';
import { makeScratch } from './fixtures/scratch.ts';

const machine = needs('root', 'fuse');
const inHeader = 40;

t.test('requests are answered at once', machine, async (t) => {
  const server = serveOneFile(t, makeScratch(t));
  t.equal(await server.client('cat', `${server.mountPoint}/file`), content.toString());
  t.equal(await server.client('stat', '-c', '%s %F', `${server.mountPoint}/file`), '9 regular file\n');
  await t.rejects(server.client('cat', `${server.mountPoint}/other`), { message: /No such file/ });
  t.equal(server.seen[0], op.init);
  const mount = findMountAt(asName(server.mountPoint));
  t.match(mount, { type: 'fuse.strata-test', source: 'one, file' });
  t.ok(mount?.superOptions.includes('allow_other'));
  unmountFuse(asName(server.mountPoint), { lazy: false });
  t.equal(await server.ended, 0);
  t.equal(findMountAt(asName(server.mountPoint)), undefined);
});

t.test('a reply may come later, from a microtask, a timer or the pool', machine, async (t) => {
  const server = serveOneFile(t, makeScratch(t));
  const own = Buffer.alloc(4096);
  const ways: (() => Promise<void>)[] = [
    () => Promise.resolve(),
    () => sleep(5),
    () =>
      new Promise((resolve) => {
        setImmediate(resolve);
      }),
  ];
  let way = 0;
  const sent: number[] = [];
  server.on(op.open, (request) => {
    const unique = uniqueOf(request);
    void ways[way++]?.().then(() => {
      own.fill(0, 0, 32);
      sent.push(server.channel.send(own, finish(own, unique, 16)));
    });
    return undefined;
  });
  for (let left = ways.length; left > 0; left--) {
    t.equal(await server.client('cat', `${server.mountPoint}/file`), content.toString());
  }
  t.same(sent, [0, 0, 0]);
  t.equal(server.channel.send(own, finish(own, 99_999_999n, 16)), 2, 'nobody waits for this one');
});

t.test('a kept request buffer is not written to again', machine, async (t) => {
  const server = serveOneFile(t, makeScratch(t));
  const kept: Buffer[] = [];
  server.on(op.write, (request, body) => {
    t.equal(server.channel.request, request);
    const detached = server.channel.detachRequest();
    t.equal(detached, request);
    t.not(server.channel.request, detached);
    kept.push(detached);
    body.writeUInt32LE(detached.readUInt32LE(inHeader + 16), 0);
    body.writeUInt32LE(0, 4);
    return 8;
  });
  await server.client(
    'dd',
    `of=${server.mountPoint}/file`,
    'if=/dev/zero',
    'bs=60000',
    'count=3',
    'conv=notrunc',
  );
  t.ok(kept.length >= 3);
  t.equal(new Set(kept).size, kept.length);
  for (const buffer of kept) t.equal(buffer.readUInt32LE(4), op.write);
  const [first] = kept;
  if (first === undefined) throw new Error('no write came');
  server.channel.recycle(first);
  server.channel.detachRequest();
  t.equal(server.channel.request, first);
});

t.test('a thrown exception is EIO, and the server lives', machine, async (t) => {
  const server = serveOneFile(t, makeScratch(t));
  let broken = true;
  server.on(op.open, (_, body) => {
    if (broken) throw new Error('a bug');
    body.fill(0, 0, 16);
    return 16;
  });
  await t.rejects(server.client('cat', `${server.mountPoint}/file`), { message: /Input\/output error/ });
  broken = false;
  t.equal(await server.client('cat', `${server.mountPoint}/file`), content.toString());
  // A reply that the kernel refuses must not leave a process waiting.
  server.on(op.open, () => 3);
  await t.rejects(server.client('cat', `${server.mountPoint}/file`), { message: /Input\/output error/ });
});

t.test('finished jobs get their turn while clients keep the channel busy', machine, async (t) => {
  const server = serveOneFile(t, makeScratch(t));
  const fs = new RealFs();
  const busy = server.client(
    'sh',
    '-c',
    `i=0; while [ $i -lt 400 ]; do cat ${server.mountPoint}/file ${server.mountPoint}/no; i=$((i+1)); done; true`,
  );
  let rounds = 0;
  const state = { busy: true };
  const finished = busy.finally(() => {
    state.busy = false;
  });
  const fd = fs.openat(os.AT_FDCWD as never, asName('/etc/hostname'), os.O_RDONLY, 0);
  const buffer = Buffer.alloc(10);
  while (state.busy) {
    await fs.preadAsync(fd, buffer, 0, 10, 0);
    rounds++;
  }
  await finished;
  fs.close(fd);
  t.ok(rounds > 100, `${String(rounds)} jobs`);
});

t.test('a notification that waits for a reply of ours goes through the pool', machine, async (t) => {
  const server = serveOneFile(t, makeScratch(t));
  await server.client('cat', `${server.mountPoint}/file`);
  // FUSE_NOTIFY_INVAL_ENTRY (3): struct fuse_notify_inval_entry_out, then the name and its NUL.
  const message = Buffer.alloc(16 + 16 + 5);
  message.writeUInt32LE(message.length, 0);
  message.writeInt32LE(3, 4);
  message.writeBigUInt64LE(1n, 16);
  message.writeUInt32LE(4, 24);
  message.write('file', 32, 'latin1');
  const before = server.seen.filter((opcode) => opcode === op.lookup).length;
  t.equal(await server.channel.sendAsync(message, message.length), 0);
  await server.client('cat', `${server.mountPoint}/file`);
  t.equal(server.seen.filter((opcode) => opcode === op.lookup).length, before + 1);
  message.writeBigUInt64LE(77n, 16);
  t.equal(await server.channel.sendAsync(message, message.length), 2, 'a node that the kernel does not know');
});

t.test('passthrough: the kernel reads the backing file', needs('root', 'fuse', 'passthrough'), async (t) => {
  const scratch = makeScratch(t);
  writeFileSync(scratch.at('backing'), 'from below');
  const fusePassthrough = 1n << 37n;
  const server = serveOneFile(t, scratch, { initFlags: fusePassthrough });
  const fs = new RealFs();
  const ids: number[] = [];
  server.on(op.open, (_, body) => {
    const fd = fs.openat(scratch.fd, asName('backing'), os.O_RDWR, 0);
    ids.push(server.channel.backingOpen(fd));
    fs.close(fd);
    body.fill(0, 0, 16);
    // FOPEN_PASSTHROUGH, backing_id
    body.writeUInt32LE(1 << 7, 8);
    body.writeUInt32LE(ids.at(-1) ?? 0, 12);
    return 16;
  });
  server.on(op.release, () => {
    const id = ids.pop();
    if (id !== undefined) server.channel.backingClose(id);
    return 0;
  });
  t.equal(await server.client('head', '-c', '9', `${server.mountPoint}/file`), 'from belo');
  t.notOk(server.seen.includes(op.read));
  t.throws(() => server.channel.backingOpen(9999 as never), { name: 'FsError', code: 'EBADF' });
  t.throws(
    () => {
      server.channel.backingClose(9999);
    },
    { name: 'FsError', code: 'ENOENT' },
  );
});

t.test('a channel that nobody has any more closes its descriptor', async (t) => {
  const fd = openSync('/dev/null', 'r');
  t.ok(new RealChannel(fd as Fd, { bufferSize: 8192 }));
  const collect = createCollector();
  const isOpen = (): boolean => existsSync(`/proc/self/fd/${String(fd)}`);
  for (let tries = 0; isOpen() && tries < 100; tries++) {
    collect();
    await sleep(1);
  }
  t.notOk(isOpen());
});

t.test('a channel that was closed leaves nothing with Node', machine, async (t) => {
  const contexts = new Set<number>();
  let made = 0;
  const hook = createHook({
    init: (id, type) => {
      if (type !== 'strata:channel') return;
      made += 1;
      contexts.add(id);
    },
    destroy: (id) => contexts.delete(id),
  }).enable();
  t.teardown(() => hook.disable());
  const server = serveOneFile(t, makeScratch(t));
  server.on(op.open, () => {
    server.channel.close();
    return 0;
  });
  await t.rejects(server.client('cat', `${server.mountPoint}/file`));
  t.equal(made, 1);
  for (let tries = 0; contexts.size > 0 && tries < 100; tries++) await sleep(1);
  t.equal(contexts.size, 0);
});

t.test('stop and close, also from inside a request', machine, async (t) => {
  const server = serveOneFile(t, makeScratch(t));
  await server.client('cat', `${server.mountPoint}/file`);
  server.on(op.open, () => {
    server.channel.stop();
    server.channel.close();
    return 16;
  });
  await t.rejects(server.client('cat', `${server.mountPoint}/file`));
  server.channel.close();
  const message = Buffer.alloc(16);
  t.equal(server.channel.send(message, 16), 19);
  t.equal(await server.channel.sendAsync(message, 16), 19);
  t.throws(
    () => {
      server.channel.start(
        () => 0,
        () => undefined,
        () => undefined,
      );
    },
    { name: 'FsError', code: 'EINVAL' },
  );
});

t.test(
  'what was put off is done after the reply, one piece at a time, and what throws stops nothing',
  machine,
  async (t) => {
    const server = serveOneFile(t, makeScratch(t));
    const done: string[] = [];
    const both = new Promise<void>((resolve) => {
      server.idle.push(
        () => {
          done.push('first');
          server.channel.wantIdle();
          throw new Error('in idle time');
        },
        () => {
          done.push('second');
          resolve();
        },
      );
    });
    server.on(op.release, () => {
      server.channel.wantIdle();
      done.push('reply');
      return 0;
    });
    await server.client('cat', `${server.mountPoint}/file`);
    await both;
    t.same(done, ['reply', 'first', 'second']);
  },
);

t.test('an idle channel costs no time', machine, async (t) => {
  const server = serveOneFile(t, makeScratch(t));
  await server.client('cat', `${server.mountPoint}/file`);
  const before = process.cpuUsage();
  await sleep(500);
  const { user, system } = process.cpuUsage(before);
  t.ok(user + system < 100_000, `${String(user + system)} us of processor time`);
});

t.test('buffers begin on a page and hold what was asked for', machine, (t) => {
  const fs = new RealFs();
  const fd = fs.openat(os.AT_FDCWD as never, asName('/dev/fuse'), os.O_RDWR, 0);
  const channel = new RealChannel(fd, { bufferSize: 12_345, spinUs: 0 });
  t.equal(channel.reply.length, 12_345);
  t.equal(channel.request.length, 12_345);
  t.match(readFileSync(`/proc/self/fdinfo/${String(fd)}`, 'latin1'), /flags:\s+0?2[0-7]*4002\n/);
  channel.close();
  t.end();
});
