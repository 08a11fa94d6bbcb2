/**
 * An upper on a file system that knows no flags of rename(2), as a FUSE file system may: directories could be
 * neither made nor moved where something was deleted, nor removed where something lay below (EINVAL). Each operation
 * works there, too, and one that fails at any of its system calls has done nothing, or everything.
 */
import t from 'tap';
import { fsError } from '../../src/base/fs-error.ts';
import type { HostFs } from '../../src/os/host-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { FaultBench } from '../robust/fixtures/fault-bench.ts';
import { faultCases } from '../robust/fixtures/fault-cases.ts';

function withoutFlags(real: HostFs): HostFs {
  return new Proxy(real, {
    get: (target, key) => {
      if (key === 'renameat2') {
        return (...args: Parameters<HostFs['renameat2']>) => {
          if (args[4] !== 0) throw fsError('EINVAL');
          target.renameat2(...args);
        };
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const concerned = [
  'mkdir over a whiteout',
  'rmdir of a merged directory full of whiteouts',
  'rename of a lower file over another',
  'rename of a new directory over an emptied one',
];

t.test('a fault at each of its calls', needs('root', 'overlayfs', 'build'), async (test) => {
  const bench = await FaultBench.make(withoutFlags(new RealFs()));
  test.teardown(() => bench.end());
  for (const one of faultCases.filter(({ name }) => concerned.includes(name))) {
    const { faults, tried } = await bench.play(one, 'EIO');
    test.strictSame(faults, [], `${one.name}: ${String(tried)} calls`);
  }
});
