/**
 * One file is one file, before and after it comes up: locks, watches, attributes, descriptors and
 * mappings that were made on the lower file go on with the upper one (`coherence=strict`). The kernel's
 * overlayfs is the better-known party, and does less in places.
 */
import { conform, type Case } from '../fixtures/conform.ts';
import { o } from '../fixtures/flags.ts';
import { file, link } from '../fixtures/layers.ts';
import { expectThat, type Ops } from '../fixtures/ops.ts';

const page = 'abcdefgh'.repeat(1024);
const lockOf = { read: 0, write: 1, none: 2 } as const;
const flock = { shared: 1, exclusive: 2, nonblock: 4, unlock: 8 } as const;
const watchFor = {
  modify: 2,
  attrib: 4,
  closeWrite: 8,
  move: 0xc0,
  create: 0x100,
  remove: 0x200,
  self: 0x400,
  open: 0x20,
} as const;
const noMappings = { overlay: 'a mapping of the lower file stays with the lower file' };

/** What a watch has seen: masks by name, in order, without doubles. */
async function seen(fs: Ops, fd: number): Promise<string[]> {
  const events = await fs.call<[number, number, string][]>(undefined, 'events', fd);
  return [...new Set(events.map(([, mask, name]) => `${mask.toString(16)} ${name}`))];
}

const cases: Case[] = [
  {
    name: 'a record lock taken before the copy-up holds after it',
    layers: [[file('f', page)]],
    run: async (fs) => {
      const other = await fs.other();
      const reader = await fs.open('f', o.RDONLY);
      await fs.call(undefined, 'lock', reader, lockOf.read, false, 0, 100);
      const writer = await other.open('f', o.RDWR);
      await other.call({ fails: 'EAGAIN' }, 'lock', writer, lockOf.write, false, 50, 10);
      await other.call(undefined, 'lock', writer, lockOf.write, false, 100, 10);
      const [kind, start, length, pid] = await other.call<number[]>(
        undefined,
        'getlock',
        writer,
        lockOf.write,
        0,
        10,
      );
      expectThat(
        kind === lockOf.read && start === 0 && length === 100 && pid === fs.agent.pid,
        'F_GETLK tells another lock',
      );
      await other.pwrite(writer, 'changed', 0);
      await other.call({ fails: 'EAGAIN' }, 'lock', writer, lockOf.write, false, 50, 10);
      await fs.call(undefined, 'lock', reader, lockOf.none, false, 0, 100);
      await other.call(undefined, 'lock', writer, lockOf.write, false, 50, 10);
    },
  },
  {
    name: 'flock and open file description locks over a copy-up',
    layers: [[file('f', page), file('g', page)]],
    run: async (fs) => {
      const other = await fs.other();
      const reader = await fs.open('f', o.RDONLY);
      await fs.call(undefined, 'flock', reader, flock.exclusive);
      const writer = await other.open('f', o.RDWR);
      await other.call({ fails: 'EAGAIN' }, 'flock', writer, flock.exclusive | flock.nonblock);
      await other.pwrite(writer, 'x', 0);
      const third = await other.open('f', o.RDONLY);
      await other.call({ fails: 'EAGAIN' }, 'flock', third, flock.shared | flock.nonblock);
      await fs.close(reader);
      await other.call(undefined, 'flock', third, flock.shared | flock.nonblock);
      const one = await fs.open('g', o.RDONLY);
      const two = await fs.open('g', o.RDWR);
      await fs.call(undefined, 'ofdlock', one, lockOf.read, 0, 10);
      await fs.call({ fails: 'EAGAIN' }, 'ofdlock', two, lockOf.write, 5, 10);
    },
  },
  {
    name: 'a lock goes with the process that held it',
    layers: [[file('f', page)]],
    run: async (fs) => {
      const other = await fs.other();
      const held = await other.open('f', o.RDWR);
      await other.call(undefined, 'lock', held, lockOf.write, false, 0, 0);
      const fd = await fs.open('f', o.RDWR);
      await fs.call({ fails: 'EAGAIN' }, 'lock', fd, lockOf.write, false, 0, 0);
      await other.agent.kill();
      for (let tries = 0; tries < 100; tries++) {
        try {
          await fs.call(undefined, 'lock', fd, lockOf.write, false, 0, 0);
          return;
        } catch {
          await fs.call(undefined, 'poll', fd, 0.01);
        }
      }
      throw new Error('the lock is still held');
    },
  },
  {
    name: 'locks of two names of one lower file',
    layers: [[file('a', page), link('b', 'a')]],
    run: async (fs) => {
      const other = await fs.other();
      const a = await fs.open('a', o.RDONLY);
      await fs.call(undefined, 'flock', a, flock.exclusive);
      const b = await other.open('b', o.RDWR);
      await other.call({ fails: 'EAGAIN' }, 'flock', b, flock.exclusive | flock.nonblock);
    },
  },
  {
    name: 'a watch on a lower file sees what happens after the copy-up',
    layers: [[file('f', page)]],
    run: async (fs) => {
      const watch = await fs.call<number>(undefined, 'inotify');
      await fs.call(
        undefined,
        'watch',
        watch,
        fs.at('f'),
        watchFor.modify | watchFor.attrib | watchFor.closeWrite,
      );
      await fs.write('f', 'x', { flags: o.WRONLY });
      await fs.chmod('f', 0o600);
      await fs.truncate('f', 5);
      const events = await seen(fs, watch);
      expectThat(
        ['2 ', '8 ', '4 '].every((event) => events.includes(event)),
        `events: ${events.join(', ')}`,
      );
    },
  },
  {
    name: 'a watch on a lower directory sees all of its names',
    layers: [[file('d/a', 'x'), file('d/b', 'y')], [file('d/low', 'z')]],
    run: async (fs) => {
      const watch = await fs.call<number>(undefined, 'inotify');
      const all = watchFor.create | watchFor.remove | watchFor.move | watchFor.modify;
      await fs.call(undefined, 'watch', watch, fs.at('d'), all);
      await fs.write('d/new', 'x');
      await fs.write('d/a', 'y', { flags: o.WRONLY });
      await fs.unlink('d/low');
      await fs.rename('d/b', 'd/c');
      await fs.mkdir('d/sub');
      const events = await seen(fs, watch);
      const wanted = ['100 new', '2 new', '2 a', '200 low', '40 b', '80 c', '40000100 sub'];
      expectThat(
        wanted.every((event) => events.includes(event)),
        `events: ${events.join(', ')}`,
      );
    },
  },
  {
    name: 'fstat of an old descriptor: size, times, mode, inode number',
    layers: [[file('f', page)]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDONLY);
      const { ino } = await fs.fstat(fd, { like: { size: 8192 } });
      await fs.write('f', 'new', { flags: o.WRONLY | o.TRUNC });
      await fs.fstat(fd, { like: { size: 3, ino } });
      await fs.chmod('f', 0o604);
      await fs.chown('f', 5, 6);
      await fs.utimes('f', 7, 8);
      await fs.fstat(fd, { like: { mode: 0o100604, uid: 5, gid: 6, mtime: '8000000000', ino } });
      await fs.lstat('f', { like: { ino } });
    },
  },
  {
    name: 'a mapping of the lower file shows what is written later',
    layers: [[file('f', page)]],
    not: noMappings,
    run: async (fs) => {
      const other = await fs.other();
      const fd = await fs.open('f', o.RDONLY);
      const map = await fs.call<number>(undefined, 'mmap', fd, 8192, true, false);
      await fs.call({ is: 'abcd' }, 'load', map, 0, 4);
      await fs.call({ is: 'abcd' }, 'load', map, 4096, 4);
      await other.write('f', 'WXYZ', { flags: o.WRONLY });
      await fs.call({ is: 'WXYZ' }, 'load', map, 0, 4);
      const writer = await other.open('f', o.RDWR);
      await other.pwrite(writer, 'again', 4096);
      await fs.call({ is: 'again' }, 'load', map, 4096, 5);
    },
  },
  {
    name: 'a store through a mapping is read by a descriptor that is older than the copy-up',
    layers: [[file('f', page)]],
    not: noMappings,
    run: async (fs) => {
      const other = await fs.other();
      const old = await other.open('f', o.RDONLY);
      await other.pread(old, 4, 0, { is: 'abcd' });
      const fd = await fs.open('f', o.RDWR);
      const map = await fs.call<number>(undefined, 'mmap', fd, 8192, true, true);
      await fs.call(undefined, 'store', map, 0, 'STORED');
      await other.pread(old, 8, 0, { is: 'STOREDgh' });
      await fs.call(undefined, 'msync', map);
      await other.read('f', { is: `STORED${page.slice(6)}` });
    },
  },
  {
    name: 'two mappings of an upper file in two processes',
    layers: [[]],
    run: async (fs) => {
      const other = await fs.other();
      await fs.write('f', page);
      const maps = [];
      for (const who of [fs, other]) {
        maps.push(await who.call<number>(undefined, 'mmap', await who.open('f', o.RDWR), 8192, true, true));
      }
      await fs.call(undefined, 'store', maps[0], 10, 'one');
      await other.call({ is: 'one' }, 'load', maps[1], 10, 3);
      await other.call(undefined, 'store', maps[1], 5000, 'two');
      await fs.call({ is: 'two' }, 'load', maps[0], 5000, 3);
      await fs.read('f', { is: `${page.slice(0, 10)}one${page.slice(13, 5000)}two${page.slice(5003)}` });
    },
  },
  {
    name: 'a file written while it is open elsewhere for reading, again and again',
    layers: [[file('f', 'start')]],
    run: async (fs) => {
      const other = await fs.other();
      for (let n = 0; n < 20; n++) {
        const old = await other.open('f', o.RDONLY);
        await other.pread(old, 100, 0);
        await fs.write('f', `round ${String(n)}`);
        await other.pread(old, 100, 0, { is: `round ${String(n)}` });
        if (n % 3 === 0) await other.close(old);
        const fresh = await other.open('f', o.RDONLY);
        await other.pread(fresh, 100, 0, { is: `round ${String(n)}` });
        if (n % 2 === 0) await other.close(fresh);
      }
    },
  },
  {
    name: 'opened, closed, changed, opened: cached pages are never stale',
    layers: [[file('f', page)]],
    run: async (fs) => {
      const other = await fs.other();
      for (const [turn, who] of [fs, other, fs, other].entries()) {
        await who.read('f');
        const fd = await who.open('f', o.RDWR);
        const mark = `turn ${String(turn)}`;
        await who.pwrite(fd, mark, 100);
        await who.close(fd);
        for (const reader of [fs, other]) {
          const look = await reader.open('f', o.RDONLY);
          await reader.pread(look, mark.length, 100, { is: mark });
          await reader.close(look);
        }
      }
    },
  },
  {
    name: 'reopening through /proc/self/fd for writing brings up and changes what all see',
    layers: [[file('f', page)]],
    run: async (fs) => {
      const other = await fs.other();
      const look = await other.open('f', o.RDONLY);
      const fd = await fs.open('f', o.RDONLY);
      for (let n = 0; n < 3; n++) {
        const again = await fs.reopen(fd, o.RDWR);
        await fs.pwrite(again, `again ${String(n)}`, 0);
        await other.pread(look, 7, 0, { is: `again ${String(n)}` });
      }
      const path = await other.open('f', o.PATH);
      const third = await other.reopen(path, o.WRONLY | o.TRUNC);
      await other.append(third, 'short');
      await fs.pread(fd, 100, 0, { is: 'short' });
    },
  },
  {
    name: 'a bind-mounted file stays the file over a copy-up',
    layers: [[file('f', 'lower'), file('point')]],
    run: async (fs) => {
      await fs.call(undefined, 'bindmount', fs.at('f'), fs.at('point'));
      try {
        await fs.read('point', { is: 'lower' });
        await fs.write('f', 'upper', { flags: o.WRONLY | o.TRUNC });
        await fs.read('point', { is: 'upper' });
        const fd = await fs.open('point', o.RDWR);
        await fs.pwrite(fd, 'U', 0);
        await fs.close(fd);
        await fs.read('f', { is: 'Upper' });
        await fs.unlink('point', { fails: 'EBUSY' });
        await fs.rename('point', 'x', { fails: 'EBUSY' });
        const { ino } = await fs.lstat('f');
        await fs.lstat('point', { like: { ino } });
      } finally {
        await fs.call(undefined, 'umount', fs.at('point'));
      }
    },
  },
  {
    name: 'a bind mount over a lower file, which is written through the mount only',
    layers: [[file('f', 'lower'), file('point')]],
    run: async (fs) => {
      await fs.call(undefined, 'bindmount', fs.at('f'), fs.at('point'));
      try {
        await fs.write('point', 'UPPER', { flags: o.WRONLY });
        await fs.read('f', { is: 'UPPER' });
        await fs.read('point', { is: 'UPPER' });
        await fs.chmod('point', 0o600);
        await fs.lstat('f', { like: { mode: 0o100600 } });
      } finally {
        await fs.call(undefined, 'umount', fs.at('point'));
      }
    },
  },
  {
    name: 'running programs cannot be written, written files cannot be run',
    layers: [[]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR | o.CREAT, 0o755);
      await fs.pwrite(fd, '#!/bin/true\n', 0);
      await fs.close(fd);
      await fs.access('f', 1);
    },
  },
];

await conform('coherence', cases);
