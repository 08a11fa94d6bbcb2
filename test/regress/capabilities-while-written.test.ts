/**
 * While a large write that the kernel kept back is under way the disk has no capabilities of the file: they were told to be none, which
 * was remembered, could not be removed, and came back.
 */
import t, { type Test } from 'tap';
import { asName } from '../../src/base/name.ts';
import type { Caller } from '../../src/vfs/file-system.ts';
import { o } from '../conformance/fixtures/flags.ts';
import { openEngine } from '../fixtures/engine.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { EngineClient } from '../robust/fixtures/engine-client.ts';

const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const name = asName('security.capability');
const caller: Caller = { uid: 0, gid: 0, pid: 1, umask: 0, unique: 9 };
const buffer = Buffer.alloc(64 << 20, 'x');

/** A file with a capability, and a write to it that has begun. */
async function writing(t: Test) {
  const scratch = makeScratch(t);
  for (const directory of ['lower', 'upper', 'work']) scratch.directory(directory);
  const { union } = openEngine(scratch.path);
  const client = new EngineClient(union);
  client.create('file');
  const node = client.walk('file');
  const set = (flags: number) =>
    union.setxattr(caller, node, { name, value: capability, flags, killSgid: false });
  await set(0);
  const { id } = await union.open(caller, node, o.WRONLY);
  const data = { buffer, offset: 0, length: buffer.length, position: 0, keepTimes: true, keptBack: true };
  const write = (length = buffer.length) => union.writeLater(id, { ...data, length });
  t.teardown(() => union.close());
  return { union, node, set, write, written: write() };
}

t.test('they are told meanwhile, and afterwards', needs('root', 'build'), async (t) => {
  const { union, node, write, written } = await writing(t);
  t.ok(union.getxattr(node, name)?.equals(capability));
  t.ok(union.listxattr(caller, node).includes(name));
  await written;
  t.ok(union.getxattr(node, name)?.equals(capability));
  await write(4096);
  t.ok(union.getxattr(node, name)?.equals(capability), 'that they are there was not forgotten');
});

t.test('what is removed meanwhile stays removed', needs('root', 'build'), async (t) => {
  const { union, node, set, written } = await writing(t);
  t.throws(() => set(1), { code: 'EEXIST' });
  await union.removexattr(caller, node, name);
  t.equal(union.getxattr(node, name), undefined);
  t.throws(() => set(2), { code: 'ENODATA' });
  await written;
  t.equal(union.getxattr(node, name), undefined);
});
