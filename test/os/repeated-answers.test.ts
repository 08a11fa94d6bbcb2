/** What a channel answers by itself (native/repeats.c). */
import t, { type Test } from 'tap';
import { maxRepeated } from '../../src/os/fuse-channel.ts';
import { Agent } from '../fixtures/agent.ts';
import { needs } from '../fixtures/needs.ts';
import { op, serveOneFile, type OneFileServer } from './fixtures/one-file-server.ts';
import { makeScratch } from './fixtures/scratch.ts';

const machine = needs('root', 'fuse');
const inHeader = 40;
const fh = 4242;
const ioctl = 39;
const O_RDONLY = 0;
const O_RDWR = 2;
const O_DIRECT = 0o40000;

interface Setting {
  readonly server: OneFileServer;
  readonly client: Agent;
  readonly open: (flags: number) => Promise<unknown>;
  /** How many opens and releases were asked for. */
  readonly asked: () => { opens: number; releases: number };
}

/** A server that repeats the answer to its first open, and a client. */
async function setUp(t: Test): Promise<Setting> {
  const server = serveOneFile(t, makeScratch(t), { repeats: true });
  server.on(op.open, (request, body) => {
    body.fill(0, 0, 16);
    const forReading = (request.readUInt32LE(inHeader) & (3 | O_DIRECT)) === O_RDONLY;
    const own = forReading ? fh : fh + 1;
    body.writeUInt32LE(own, 0);
    const node = Number(request.readBigUInt64LE(16));
    if (forReading) server.channel.repeatOpen(node, { fh, flags: 0, backingId: 0 });
    return 16;
  });
  const client = await Agent.start();
  t.teardown(() => client.stop());
  const count = (opcode: number): number => server.seen.filter((one) => one === opcode).length;
  return {
    server,
    client,
    open: (flags) => client.call('open', `${server.mountPoint}/file`, flags, 0),
    asked: () => ({ opens: count(op.open), releases: count(op.release) }),
  };
}

/** RELEASE comes when the kernel pleases. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const fileNode = 2;
const none = { opens: 0, releases: 0, terminals: 0, attributes: 0, attributeLists: 0 };

t.test('a file is opened again and again', machine, async (t) => {
  const { server, client, open, asked } = await setUp(t);
  for (let n = 0; n < 5; n++) {
    const fd = await open(O_RDONLY);
    t.equal(await client.call('pread', fd, 4, 0), 'one ');
    await client.call('close', fd);
  }
  await until(() => server.channel.repeated.releases === 5);
  t.strictSame(asked(), { opens: 1, releases: 0 });
  t.strictSame(server.channel.repeated, { ...none, opens: 4, releases: 5 });
  t.equal(server.channel.endRepeat(fileNode), true, 'nobody has it open');
  await client.call('close', await open(O_RDONLY));
  await until(() => server.channel.repeated.releases === 6);
  t.strictSame(asked(), { opens: 2, releases: 0 });
});

t.test('what ends while it is open', machine, async (t) => {
  const { server, client, open, asked } = await setUp(t);
  const fds = [await open(O_RDONLY), await open(O_RDONLY)];
  t.equal(server.channel.endRepeat(fileNode), false, 'two have it open');
  fds.push(await open(O_RDONLY));
  t.strictSame(asked(), { opens: 2, releases: 0 }, 'the third is asked for');
  for (const fd of fds) await client.call('close', fd);
  await until(() => asked().releases === 2);
  t.strictSame(server.channel.repeated, { ...none, opens: 1, releases: 1 }, 'but one of the first two');
  t.equal(server.channel.endRepeat(fileNode), false, 'it is gone');
});

t.test('another way to open it is asked for', machine, async (t) => {
  const { server, client, open, asked } = await setUp(t);
  const reading = await open(O_RDONLY);
  const writing = await open(O_RDWR);
  const direct = await open(O_RDONLY | O_DIRECT);
  t.strictSame(asked(), { opens: 3, releases: 0 });
  for (const fd of [reading, writing, direct]) await client.call('close', fd);
  await until(() => asked().releases === 2 && server.channel.repeated.releases === 1);
});

t.test('no file is a terminal', machine, async (t) => {
  const { server } = await setUp(t);
  const said = await server.client(
    'python3',
    '-c',
    `import os; print(os.isatty(os.open("${server.mountPoint}/file", os.O_RDONLY)))`,
  );
  t.equal(said, 'False\n');
  t.equal(server.channel.repeated.terminals, 1);
  t.notOk(server.seen.includes(ioctl));
});

t.test('what a node does not have', machine, async (t) => {
  const server = serveOneFile(t, makeScratch(t), { repeats: true });
  const xattr = { get: 22, list: 23 };
  const enodata = -61;
  server.on(xattr.get, () => enodata);
  // An empty list, or its size.
  server.on(xattr.list, (request, body) => {
    body.fill(0, 0, 8);
    return request.readUInt32LE(inHeader) === 0 ? 8 : 0;
  });
  const client = await Agent.start();
  t.teardown(() => client.stop());
  const file = `${server.mountPoint}/file`;
  const asked = (): number => server.seen.filter((one) => one === xattr.get || one === xattr.list).length;
  const get = async (name: string): Promise<void> => {
    await t.rejects(client.call('getxattr', file, name), { code: 'ENODATA' });
  };
  const bare = server.channel.bareNodes ?? new Float64Array();

  await get('user.none');
  t.strictSame(await client.call('listxattr', file), []);
  t.equal(asked(), 2, 'of what nothing was noted everything is asked');

  bare[fileNode] = fileNode;
  for (const name of ['security.capability', 'security.selinux']) await get(name);
  t.equal(asked(), 2);
  t.strictSame(await client.call('listxattr', file), []);
  t.equal(await server.client('getfattr', '-d', '-m-', file), '', 'which asks for its size first');
  t.equal(asked(), 2);
  t.match(server.channel.repeated, { attributes: 2, attributeLists: 2 });
  // Those that may be made up, and those that no object can have.
  const others = [
    'user.strata.layer',
    'trusted.none',
    'security.',
    'system.posix_acl_',
    'system.posix_acl_accessed',
  ];
  for (const name of others) await get(name);
  t.equal(asked(), 2 + others.length);

  bare[fileNode] = -fileNode;
  const before = asked();
  await get('security.capability');
  t.equal(asked(), before);
  await get('user.none');
  await client.call('listxattr', file);
  t.equal(asked(), before + 2, 'everything else is asked');

  bare[fileNode] = fileNode + bare.length;
  await get('security.capability');
  t.equal(asked(), before + 3, 'another node has the place');
});

t.test('so many at most', machine, async (t) => {
  const { server } = await setUp(t);
  const answer = { fh, flags: 0, backingId: 0 };
  const { channel } = server;
  for (let node = 100; node < 100 + maxRepeated; node++) {
    if (!channel.repeatOpen(node, answer)) t.fail(`not repeated: ${String(node)}`);
  }
  t.equal(channel.repeatOpen(99, answer), false);
  t.equal(channel.repeatOpen(100, answer), false, 'twice');
  t.equal(channel.endUnusedRepeat(100), false, 'it is in use');
  t.equal(channel.repeatOpen(100, answer), false, 'so it stays');
  t.equal(channel.endUnusedRepeat(98), false, 'not known');
});

t.test('a channel that was not told to answers nothing', machine, async (t) => {
  const server = serveOneFile(t, makeScratch(t));
  t.equal(server.channel.repeatOpen(fileNode, { fh, flags: 0, backingId: 0 }), false);
  t.equal(server.channel.endRepeat(fileNode), false);
  await server.client('cat', `${server.mountPoint}/file`);
  await server.client('cat', `${server.mountPoint}/file`);
  t.equal(server.seen.filter((one) => one === op.open).length, 2);
  t.strictSame(server.channel.repeated, none);
  t.equal(server.channel.bareNodes, undefined);
});
