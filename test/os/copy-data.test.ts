import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import t, { type Test } from 'tap';
import type { Fd } from '../../src/base/ids.ts';
import { asName } from '../../src/base/name.ts';
import { createCancel } from '../../src/os/cancel.ts';
import * as os from '../../src/os/constants.ts';
import type { CopyResult } from '../../src/os/host-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { makeScratch, type Place } from './fixtures/scratch.ts';

const fs = new RealFs();
const block = 65_536;

function open(t: Test, path: string, flags: string): Fd {
  const fd = openSync(path, flags) as Fd;
  t.teardown(() => {
    closeSync(fd);
  });
  return fd;
}

/** Runs of data, in blocks, with holes before, between and after. */
function writeSparse(t: Test, path: string): { fd: Fd; size: number } {
  const fd = open(t, path, 'w+');
  for (const at of [1, 2, 7, 400]) writeSync(fd, randomBytes(block), 0, block, at * block);
  const size = 500 * block + 123;
  fs.ftruncate(fd, size);
  return { fd, size };
}

function hash(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

type Copy = (from: Fd, to: Fd, size: number) => CopyResult | Promise<CopyResult>;
const ways: Record<string, Copy> = {
  pool: (from, to, size) => fs.copyData(from, to, size, { sync: false }),
  'pool with fsync': (from, to, size) => fs.copyData(from, to, size, { sync: true }),
  'at once': (from, to, size) => fs.copyDataSync(from, to, size),
};
const pairs: readonly (readonly [Place, Place])[] = [
  ['disk', 'disk'],
  ['tmpfs', 'tmpfs'],
  ['disk', 'tmpfs'],
  ['tmpfs', 'disk'],
];

for (const [source, target] of pairs) {
  for (const [way, copy] of Object.entries(ways)) {
    t.test(`${source} to ${target}, ${way}`, async (t) => {
      const from = makeScratch(t, source);
      const to = makeScratch(t, target);
      const sparse = writeSparse(t, from.at('sparse'));
      const copied = open(t, to.at('sparse'), 'w+');
      const result = await copy(sparse.fd, copied, sparse.size);
      t.equal(hash(to.at('sparse')), hash(from.at('sparse')));
      if (!result.cloned) t.equal(result.copied, 4 * block);
      t.ok(fstatSync(copied).blocks * 512 <= 8 * block, 'the holes are holes');

      for (const content of ['', 'short']) {
        writeFileSync(from.at('small'), content);
        const small = open(t, to.at(`small${content}`), 'w+');
        await copy(open(t, from.at('small'), 'r'), small, content.length);
        t.equal(readFileSync(to.at(`small${content}`), 'utf8'), content);
      }
    });
  }
}

t.test('a size below the file cuts, one beyond ends in a hole', async (t) => {
  const dir = makeScratch(t);
  writeFileSync(dir.at('f'), 'x'.repeat(10_000));
  const from = open(t, dir.at('f'), 'r');
  await fs.copyData(from, open(t, dir.at('cut'), 'w+'), 10, { sync: false });
  t.equal(readFileSync(dir.at('cut'), 'utf8'), 'x'.repeat(10));
  await fs.copyData(from, open(t, dir.at('long'), 'w+'), 20_000, { sync: false });
  t.equal(statSync(dir.at('long')).size, 20_000);
  t.ok(readFileSync(dir.at('long')).equals(Buffer.from('x'.repeat(10_000) + '\0'.repeat(10_000))));
});

t.test('a file that cannot be mapped is read to its end', async (t) => {
  const dir = makeScratch(t);
  const from = open(t, '/proc/self/status', 'r');
  await fs.copyData(from, open(t, dir.at('status'), 'w+'), 100, { sync: false });
  t.match(readFileSync(dir.at('status'), 'latin1'), /^Name:\t/);
});

t.test('cancelling stops between chunks', async (t) => {
  const dir = makeScratch(t);
  const fd = open(t, dir.at('f'), 'w+');
  writeSync(fd, randomBytes(block));
  const cancel = createCancel();
  cancel.cancel();
  t.equal(cancel.cancelled, true);
  const to = open(t, dir.at('g'), 'w+');
  await t.rejects(fs.copyData(fd, to, block, { sync: false, cancel }), { name: 'FsError', code: 'EINTR' });
});

t.test('errors come out', async (t) => {
  const dir = makeScratch(t);
  writeFileSync(dir.at('f'), 'data');
  const from = open(t, dir.at('f'), 'r');
  await t.rejects(fs.copyData(from, from, 4, { sync: false }), { code: /EBADF|EINVAL/ });
  t.throws(() => fs.copyDataSync(from, open(t, dir.at('g'), 'w+'), -1), { code: 'EINVAL' });
  const full = fs.openat(os.AT_FDCWD as Fd, asName('/dev/full'), os.O_WRONLY, 0);
  await t.rejects(fs.copyData(from, full, 4, { sync: false }), { code: 'ENOSPC' });
  fs.close(full);
});
