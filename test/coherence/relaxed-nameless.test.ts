/**
 * `coherence=relaxed`, where there is no name that could be looked up again: descriptors of /proc/self/fd and
 * O_PATH, files that are mounted elsewhere, mount points, files without a name. See docs/coherence.md.
 */
import t from 'tap';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isMounted } from '../fixtures/mount.ts';
import { fails, flag, old, reader, run, scenes, stat, type Stage } from './fixtures/stage.ts';

const scene = scenes(t, ['passthrough'], [['coherence=relaxed']]);

scene('/proc/self/fd: no name to look up', {}, async (t, it) => {
  const { agent, fd, content } = await reader(it);
  const other = await it.agent();
  const begun = performance.now();
  await fails(t, agent.call('reopen', fd, flag.RDWR), 'EBUSY', 'while it is open itself');
  t.ok(performance.now() - begun < 10_000, 'in a bounded time');
  await fails(t, agent.call('reopen', fd, flag.RDWR | flag.TRUNC), 'EBUSY', 'again, and not ESTALE');
  t.equal(await content(), old);
  t.equal(await it.read('file'), old, 'what failed has changed nothing');
  const again = (await agent.call('reopen', fd, flag.RDONLY)) as number;
  t.equal(await agent.call('pread', again, 3, 0), 'old', 'for reading it can be opened');
  await it.write('file', 'NEW');
  const late = (await agent.call('reopen', fd, flag.RDONLY)) as number;
  t.equal(await agent.call('pread', late, 3, 0), 'old', 'and shows what the descriptor shows');
  t.equal((await stat(other, it.at('file'))).size, old.length);
});

scene('/proc/self/fd of another process, once the readers have gone', {}, async (t, it) => {
  const holder = await reader(it);
  const writer = await it.agent();
  const path = (await writer.call('open', it.at('file'), flag.PATH, 0)) as number;
  const opening = writer.call('reopen', path, flag.RDWR);
  await untilRequested(it, 'OPEN', 3);
  await holder.agent.call('close', holder.fd);
  const fd = (await opening) as number;
  await writer.call('pwrite', fd, 'NEW', 0);
  t.equal(await writer.call('pread', fd, 4, 0), 'NEW ');
  t.equal(await it.read('file'), old.replace('old', 'NEW'), 'it is the file that has the name');
  await writer.call('pwrite', fd, 'more', old.length);
  t.equal((await stat(holder.agent, it.at('file'))).size, old.length + 4, 'and its size is seen by name');
  await it.write('file', 'BY NAME');
  t.equal(await writer.call('pread', fd, 7, 0), 'BY NAME');
});

/** Waits until the server got `count` requests of a kind. */
async function untilRequested(it: Stage, opcode: string, count: number): Promise<void> {
  for (;;) {
    const { requests } = await it.stats();
    if ((requests[opcode] ?? 0) >= count) return;
  }
}

scene('a signal ends the wait for others to close a file', {}, async (t, it) => {
  const { stdout } = await run('python3', ['-c', interrupted, it.at('file')]);
  t.equal(stdout, 'EINTR\n');
});

/** Opens a file that it has open, for writing, by /proc/self/fd, with an alarm set. */
const interrupted = `
import ctypes, errno, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
fd = os.open(sys.argv[1], os.O_RDONLY)
signal.signal(signal.SIGALRM, lambda *_: None)
signal.siginterrupt(signal.SIGALRM, True)
signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
result = libc.open(b'/proc/self/fd/%d' % fd, os.O_RDWR)
print('opened' if result >= 0 else errno.errorcode[ctypes.get_errno()])
`;

scene('truncate of what has no name', {}, async (t, it) => {
  const { agent, fd, content } = await reader(it);
  await agent.call('truncate', `/proc/self/fd/${String(fd)}`, 3);
  t.equal(await it.read('file'), 'old', 'is truncate of the file');
  t.equal(await content(), old);
  await agent.call('truncate', `/proc/self/fd/${String(fd)}`, 2);
  t.equal(await it.read('file'), 'ol');
});

scene('a file that has no name any more', {}, async (t, it) => {
  const { agent, fd, content } = await reader(it);
  await agent.call('unlink', it.at('file'));
  t.equal(await content(), old);
  await fails(t, agent.call('reopen', fd, flag.RDWR), 'EBUSY', 'while it is open itself');
  const path = await agent.call('open', `/proc/self/fd/${String(fd)}`, flag.PATH, 0);
  await agent.call('close', fd);
  const again = await agent.call('reopen', path, flag.RDWR);
  await agent.call('pwrite', again, 'NEW', 0);
  t.equal(await agent.call('pread', again, 100, 0), old.replace('old', 'NEW'));
});

scene('a file that is mounted elsewhere, too', {}, async (t, it) => {
  const elsewhere = join(it.aside, 'elsewhere');
  writeFileSync(elsewhere, '');
  const { agent, fd, content } = await reader(it);
  await agent.call('bindmount', it.at('file'), elsewhere);
  try {
    await it.write('file', 'NEW');
    t.equal(await content(), old);
    const late = (await agent.call('open', elsewhere, flag.RDONLY, 0)) as number;
    t.equal(await agent.call('pread', late, 3, 0), 'old', 'what is open decides what is read there');
    await fails(
      t,
      agent.call('open', elsewhere, flag.WRONLY, 0),
      'EBUSY',
      'and that nothing is written there',
    );
    await agent.call('close', late);
    await agent.call('close', fd);
    const written = (await agent.call('open', elsewhere, flag.RDWR, 0)) as number;
    t.equal(await agent.call('pread', written, 3, 0), 'NEW', 'then it is the file');
    await agent.call('pwrite', written, '3rd', 0);
    t.equal(await it.read('file'), old.replace('old', '3rd'));
    await agent.call('pwrite', written, 'longer', old.length);
    t.equal((await stat(agent, it.at('file'))).size, old.length + 6);
    await agent.call('close', written);
    await it.write('file', '4th');
    const read = (await agent.call('open', elsewhere, flag.RDONLY, 0)) as number;
    t.equal(await agent.call('pread', read, 3, 0), '4th');
    await agent.call('truncate', elsewhere, 4);
    t.equal(await it.read('file'), '4th ');
    await agent.call('close', read);
  } finally {
    await agent.call('umount', elsewhere);
  }
});

scene('a mount point keeps its node, and what is mounted there', {}, async (t, it) => {
  const cover = join(it.aside, 'cover');
  writeFileSync(cover, 'the cover\n');
  const { agent, fd, content } = await reader(it);
  const writer = await it.agent();
  const path = (await writer.call('open', it.at('file'), flag.PATH, 0)) as number;
  await agent.call('bindmount', cover, it.at('file'));
  try {
    await fails(t, writer.call('reopen', path, flag.WRONLY), 'EBUSY', 'writing what is covered');
    await fails(t, writer.call('truncate', `/proc/self/fd/${String(path)}`, 1), 'EBUSY', 'truncating it');
    t.ok(isMounted(it.at('file')));
    t.equal(await it.read('file'), 'the cover\n');
    t.equal(await content(), old);
    await agent.call('close', fd);
    const written = await writer.call('reopen', path, flag.RDWR);
    await writer.call('pwrite', written, 'NEW', 0);
    t.ok(isMounted(it.at('file')), 'after it was written, too');
  } finally {
    await agent.call('umount', it.at('file'));
  }
  t.equal(await it.read('file'), old.replace('old', 'NEW'));
});

scene('so does a mount point of another mount namespace', {}, async (t, it) => {
  const cover = join(it.aside, 'cover');
  writeFileSync(cover, 'the cover\n');
  const script = 'mount --bind "$1" "$2"; echo ready; read go; cat "$2"; cat';
  const container = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', cover, it.at('file')]);
  const lines = createInterface({ input: container.stdout })[Symbol.asyncIterator]();
  t.teardown(() => container.kill());
  t.equal((await lines.next()).value, 'ready');
  const { agent } = await reader(it);
  await fails(t, agent.call('open', it.at('file'), flag.WRONLY, 0), 'EBUSY', 'writing what is covered there');
  container.stdin.write('go\n');
  t.equal((await lines.next()).value, 'the cover');
  container.stdin.end();
  await once(container, 'exit');
  await it.write('file', 'NEW');
});
