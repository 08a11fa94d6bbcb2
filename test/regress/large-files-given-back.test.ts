/**
 * The removal and the truncation of a large file were done on the thread that answers requests: a mount, and all others of its
 * process, stood still for seconds.
 */
import { closeSync, openSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { FsError } from '../../src/base/fs-error.ts';
import { getAddon } from '../../src/os/addon.ts';
import { createFaultyFs } from '../../src/os/faulty-fs.ts';
import { blockBytes, givenBackAtOnce } from '../../src/os/host-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { Attr } from '../../src/vfs/attr.ts';
import { o } from '../conformance/fixtures/flags.ts';
import { openEngine } from '../fixtures/engine.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { EngineClient } from '../robust/fixtures/engine-client.ts';

const large = Buffer.alloc(20 << 20, 'x');

t.test('what gives back much is closed by the pool', needs('build'), async (t) => {
  const scratch = makeScratch(t);
  const path = `${scratch.path}/file`;
  const opened = (content: Buffer | string, isNameless: boolean): number => {
    writeFileSync(path, content);
    const fd = openSync(path, 'r');
    if (isNameless) unlinkSync(path);
    return fd;
  };
  const addon = getAddon();
  const closeApart = (fd: number) => addon.closeApart(fd, givenBackAtOnce / blockBytes);
  const closing = closeApart(opened(large, true));
  t.not(typeof closing, 'number');
  t.equal(await closing, 0);
  t.equal(closeApart(opened(large, false)), 0);
  t.equal(closeApart(opened('small', true)), 0);
  const fd = opened('small', true);
  closeSync(fd);
  t.throws(() => {
    new RealFs().closeApart(fd as never);
  }, FsError);
});

for (const size of [0, 4096]) {
  t.test(`truncation to ${String(size)} bytes`, needs('root', 'build'), async (t) => {
    const scratch = makeScratch(t);
    for (const name of ['lower', 'upper', 'work']) scratch.directory(name);
    const path = `${scratch.path}/upper/file`;
    const faulty = createFaultyFs(new RealFs());
    const { union } = openEngine(scratch.path, { fs: faulty.fs });
    const client = new EngineClient(union);
    writeFileSync(path, large);
    if (size === 0) await client.open('file', o.WRONLY | o.TRUNC);
    else await client.setattr('file', { size });
    t.ok(faulty.calls.includes('ftruncateAsync'));
    t.equal(statSync(path).size, size);
    faulty.arm();
    writeFileSync(path, 'small');
    await client.open('file', o.WRONLY | o.TRUNC);
    t.notOk(faulty.calls.includes('ftruncateAsync'));

    writeFileSync(path, large);
    await client.unlink('file');
    client.forgetAll();
    t.ok(faulty.calls.includes('closeApart'));
    t.equal(union.lookup(1 as never, asName('file'), new Attr()), 0);
    await union.close();
    t.strictSame([...faulty.open], []);
  });
}
