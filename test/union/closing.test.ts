/** close(2) that fails: the descriptor is gone, is not closed again, and a copy is not taken for complete. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { asName } from '../../src/base/name.ts';
import { createFaultyFs, type Fault } from '../../src/os/faulty-fs.ts';
import type { HostFs } from '../../src/os/host-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { o } from '../conformance/fixtures/flags.ts';
import { openEngine } from '../fixtures/engine.ts';
import { needs } from '../fixtures/needs.ts';
import { EngineClient } from '../robust/fixtures/engine-client.ts';

function open(t: Test, metacopy: boolean) {
  const path = t.testdir({ lower: { file: 'lower' }, upper: {}, work: {} });
  const real = new RealFs();
  const closed: number[] = [];
  /** Opened and closed by number: a second close of one that nobody opened meanwhile is a fault of ours. */
  const faulty = createFaultyFs(
    new Proxy(real, {
      get: (target, key: keyof HostFs) => {
        if (key === 'stat') return target.stat;
        const method = (target[key] as (...args: unknown[]) => unknown).bind(target);
        if (key !== 'close' && key !== 'closeWritten') return method;
        return (fd: number) => {
          if (!faulty.open.has(fd as never)) closed.push(fd);
          return method(fd);
        };
      },
    }),
  );
  const { union } = openEngine(path, { fs: faulty.fs, features: { metacopy, index: false } });
  return { path, faulty, union, client: new EngineClient(union), twice: closed };
}

const failing = (method: string, code: 'EIO' | 'ENOSPC'): Fault => ({
  at: 1,
  with: code,
  matches: (called) => called === method,
});

for (const [method, code] of [
  ['closeWritten', 'EIO'],
  ['renameat2', 'ENOSPC'],
] as const) {
  t.test(`a copy-up whose ${method} fails`, needs('root', 'build'), async (t) => {
    const { path, faulty, union, client, twice } = open(t, false);
    faulty.arm(failing(method, code));
    await t.rejects(client.open('file', o.RDWR), { code });
    t.ok(faulty.struck);
    t.notOk(existsSync(`${path}/upper/file`));
    t.strictSame(readdirSync(`${path}/work/work`), []);
    await client.write('file', 'upper');
    t.equal(readFileSync(`${path}/upper/file`, 'utf8'), 'upper');
    client.forgetAll();
    await union.close();
    t.strictSame([...faulty.open], []);
    t.strictSame(twice, [], 'nothing is closed twice');
  });
}

t.test(
  'the data of a metacopy file whose closing fails is not complete',
  needs('root', 'build'),
  async (t) => {
    const { path, faulty, union, client, twice } = open(t, true);
    await client.setattr('file', { mode: 0o600 });
    faulty.arm(failing('closeWritten', 'EIO'));
    await t.rejects(client.open('file', o.RDWR), { code: 'EIO' });
    t.notOk(faulty.calls.includes('fallocate'), 'its number may be that of another file by now');
    client.forgetAll();
    t.equal(
      new RealFs().overlayMarks(-100 as never, asName(`${path}/upper/file`), asName('trusted.overlay.')) & 4,
      4,
    );
    await client.write('file', 'u');
    t.equal(readFileSync(`${path}/upper/file`, 'utf8'), 'uower');
    client.forgetAll();
    await union.close();
    t.strictSame(twice, []);
  },
);
