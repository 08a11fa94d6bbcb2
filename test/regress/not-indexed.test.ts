/** Hard-linked lower objects of which the index can have no entry: each of their names is an object of its own. */
import t from 'tap';
import type { HostFs } from '../../src/os/host-fs.ts';
import { o } from '../conformance/fixtures/flags.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage } from './fixtures/stage.ts';

const need = needs('root', 'build');
const userxattr = { userxattr: true, metacopy: false, redirectDir: 'nofollow', index: true } as const;

t.test('user.overlay attributes, which symlinks and FIFOs cannot have', need, async (t) => {
  const stage = makeStage(t);
  stage.sh('cd lower; ln -s x a; ln a b; ln a c; mkfifo p; ln p q; ln p r; printf data > f; ln f g');
  const first = stage.engine(userxattr);
  const { client } = first;
  await client.setattr('a', { uid: 7 });
  await client.unlink('b');
  await client.rename('c', 'd');
  await client.setattr('p', { mode: 0o600 });
  await client.unlink('q');
  await client.rename('r', 's');
  await client.write('f', 'D', 0, o.WRONLY);
  await first.close();
  const second = stage.engine(userxattr);
  t.same(second.client.names('').sort(), ['a', 'd', 'f', 'g', 'p', 's']);
  t.equal(second.client.stat('a').uid, 7);
  t.equal(second.client.stat('d').uid, 0);
  t.equal(await second.client.read('g'), 'Data', 'files are kept together');
  await second.close();
});

/** Handles of lower files that give an index entry a name of more than 255 bytes. */
const withLongHandles = (real: HostFs): HostFs =>
  new Proxy(real, {
    get: (target, key) => {
      if (key === 'findHandle') {
        return (...args: Parameters<HostFs['findHandle']>) => {
          const handle = target.findHandle(...args);
          if (handle === undefined || args[1] === '') return handle;
          return { type: handle.type, bytes: Buffer.concat([handle.bytes, Buffer.alloc(112)]) };
        };
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });

t.test('handles too long for a name', need, async (t) => {
  const stage = makeStage(t);
  stage.sh('cd lower; printf data > a; ln a b; ln a c');
  const first = stage.engine({}, withLongHandles);
  await first.client.write('a', 'D', 0, o.WRONLY);
  await first.client.unlink('b');
  await first.client.rename('c', 'd');
  await first.close();
  t.equal(stage.sh('ls work/index'), '');
  const second = stage.engine({}, withLongHandles);
  t.equal(await second.client.read('a'), 'Data');
  t.equal(await second.client.read('d'), 'data');
  t.not(second.client.stat('a').ino, second.client.stat('d').ino);
  await second.close();
});
