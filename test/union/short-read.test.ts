/** A read of the pool that is short in the middle of a file: an error waits there, and not the end. */
import t from 'tap';
import { fsError } from '../../src/base/fs-error.ts';
import { rootNodeId } from '../../src/base/ids.ts';
import { asName } from '../../src/base/name.ts';
import type { HostFs } from '../../src/os/host-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { Attr } from '../../src/vfs/attr.ts';
import { o } from '../conformance/fixtures/flags.ts';
import { openEngine } from '../fixtures/engine.ts';
import { needs } from '../fixtures/needs.ts';

const data = '0123456789';

/** A disk that gives three bytes at a time, and fails for what begins at `bad`. */
function slow(bad: number): HostFs {
  return new Proxy(new RealFs(), {
    get: (target, key: keyof HostFs) => {
      if (key === 'stat') return target.stat;
      if (key !== 'preadAsync') return (target[key] as (...args: unknown[]) => unknown).bind(target);
      const read: HostFs['preadAsync'] = (fd, buffer, offset, length, position) => {
        if (position === bad) return Promise.reject(fsError('EIO'));
        return target.preadAsync(fd, buffer, offset, Math.min(length, 3), position);
      };
      return read;
    },
  });
}

t.test('a short read goes on', needs('root', 'build'), async (t) => {
  const path = t.testdir({ lower: { file: data } });
  const read = async (bad: number, length: number): Promise<string> => {
    const { union } = openEngine(path, { fs: slow(bad), readOnly: true, features: { index: false } });
    try {
      const node = union.lookup(rootNodeId, asName('file'), new Attr());
      const file = await union.open({ uid: 0, gid: 0, pid: 1, umask: 0, unique: 2 }, node, o.RDONLY);
      const buffer = Buffer.alloc(length);
      return buffer.toString('latin1', 0, await union.readLater(file.id, buffer, 0, length, 0));
    } finally {
      await union.close();
    }
  };
  t.equal(await read(-1, 8), '01234567');
  t.equal(await read(-1, 64), data, 'to the end');
  t.equal(await read(6, 6), '012345');
  await t.rejects(read(6, 64), { code: 'EIO' }, 'not the end of the file');
});
