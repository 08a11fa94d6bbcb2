/** The end of a mount: its upper is synced after any change, and not for those who only read. */
import { writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { createFaultyFs } from '../../src/os/faulty-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { o } from '../conformance/fixtures/flags.ts';
import { openEngine } from '../fixtures/engine.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { EngineClient } from '../robust/fixtures/engine-client.ts';

/** How often the file system of the upper was synced at the end of a mount in which `act` happened. */
async function syncsAfter(t: Test, act: (client: EngineClient) => unknown): Promise<number> {
  const scratch = makeScratch(t);
  const [lower, upper] = [scratch.directory('lower'), scratch.directory('upper')];
  for (const name of ['upper/d', 'lower/d', 'lower/empty', 'work']) scratch.directory(name);
  writeFileSync(`${lower}/low`, 'low');
  writeFileSync(`${upper}/up`, 'up');
  const faulty = createFaultyFs(new RealFs());
  const { union } = openEngine(scratch.path, { fs: faulty.fs });
  const client = new EngineClient(union);
  faulty.arm();
  try {
    await act(client);
    client.forgetAll();
  } finally {
    await union.close();
  }
  return faulty.calls.filter((call) => call === 'syncfs').length;
}

const time = { sec: 1, nsec: 0 };
const changes: Readonly<Record<string, (client: EngineClient) => unknown>> = {
  create: (client) => {
    client.create('new');
  },
  mkdir: (client) => {
    client.mkdir('d/new');
  },
  mknod: (client) => {
    client.mknod('new', 0o010644);
  },
  symlink: (client) => {
    client.symlink('to', 'new');
  },
  link: (client) => client.link('up', 'new'),
  tmpfile: (client) => client.tmpfile('d', 'new'),
  'unlink of what is below': (client) => client.unlink('low'),
  'unlink of what is above': (client) => client.unlink('up'),
  rmdir: (client) => {
    client.rmdir('empty');
  },
  rename: (client) => client.rename('up', 'new'),
  chmod: (client) => client.setattr('up', { mode: 0o600 }),
  utimes: (client) => client.utimes('low', time),
  truncate: (client) => client.setattr('up', { size: 1 }),
  setxattr: (client) => client.setxattr('up', 'user.new', 'x'),
  'an open for writing': (client) => client.open('up', o.RDWR),
  'an open for appending': (client) => client.open('low', o.WRONLY | o.APPEND),
  'an open that empties': (client) => client.open('up', o.RDONLY | o.TRUNC),
  write: (client) => client.write('up', 'x'),
};

t.test('a change is synced once', needs('root', 'build'), async (t) => {
  for (const [name, act] of Object.entries(changes)) t.equal(await syncsAfter(t, act), 1, name);
});

t.test('who only reads syncs nothing', needs('root', 'build'), async (t) => {
  const read = async (client: EngineClient): Promise<void> => {
    for (const path of ['', 'd', 'empty', 'low', 'up']) client.stat(path);
    t.strictSame(client.names('').sort(), ['d', 'empty', 'low', 'up']);
    t.equal(await client.read('low'), 'low');
    t.equal(await client.read('up'), 'up');
    t.strictSame(client.xattrs('low'), []);
    t.throws(() => client.stat('absent'), { code: 'ENOENT' });
    await t.rejects(client.removexattr('up', 'user.absent'), { code: 'ENODATA' });
  };
  t.equal(await syncsAfter(t, read), 0);
});
