/** What walks a tree with a descriptor for each level says so where there are not enough of them. */
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { fsError } from '../../src/base/fs-error.ts';
import type { Fd } from '../../src/base/ids.ts';
import { readChangeSet } from '../../src/layer/change-set.ts';
import { settle } from '../../src/layer/settle.ts';
import { overlayNames } from '../../src/layer/xattr-names.ts';
import type { HostFs } from '../../src/os/host-fs.ts';
import { O_DIRECTORY, O_RDONLY } from '../../src/os/constants.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

const names = overlayNames(false);

/** That file system with so few descriptors that a directory `last` cannot be opened. */
function withFew(fs: HostFs): HostFs {
  return new Proxy(fs, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (key === 'openat2' && args[1] === 'last') throw fsError('EMFILE', { syscall: 'openat2' });
        return value.apply(target, args) as unknown;
      };
    },
  });
}

t.test('a tree that is too deep', needs('root'), async (t) => {
  const place = await makePlace(t, 'true');
  await shell(place.upper, 'mkdir -p first/next/last');
  const real = new RealFs();
  const open = (path: string): Fd => {
    const fd = real.openat(-100 as Fd, asName(path), O_RDONLY | O_DIRECTORY, 0);
    t.teardown(() => {
      real.close(fd);
    });
    return fd;
  };
  const fs = withFew(real);
  const [upper, work, lower] = [open(place.upper), open(place.work), open(place.lower)];
  t.throws(() => [...readChangeSet(fs, upper, names)], { name: 'UserError', code: 'too-deep' });
  await t.rejects(settle(fs, { lowers: [lower], upper, work, names }), {
    name: 'UserError',
    code: 'too-deep',
  });
});
