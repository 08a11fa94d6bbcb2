import { closeSync, mkdirSync, openSync, readdirSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import type { Fd } from '../../src/base/ids.ts';
import { asName } from '../../src/base/name.ts';
import * as os from '../../src/os/constants.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { makeScratch } from './fixtures/scratch.ts';

const fs = new RealFs();

function inoAt(inos: Uint32Array, at: number): number {
  return (inos[2 * at] ?? 0) + (inos[2 * at + 1] ?? 0) * 2 ** 32;
}

t.test('names, types and inode numbers belong together', (t) => {
  const dir = makeScratch(t);
  mkdirSync(dir.at('d'));
  writeFileSync(dir.at('.f'), '');
  writeFileSync(dir.at('...'), '');
  symlinkSync('x', dir.at('l'));
  fs.mknodat(dir.fd, asName('p'), os.S_IFIFO | 0o600, 0);
  const { names, types, inos } = fs.listDirectory(dir.fd);
  const found = new Map(names.map((name, at) => [name as string, { type: types[at], ino: inoAt(inos, at) }]));
  t.equal(types.length, 5);
  t.equal(inos.length, 10);
  const expected = { d: os.DT_DIR, '.f': os.DT_REG, '...': os.DT_REG, l: os.DT_LNK, p: os.DT_FIFO };
  for (const [name, type] of Object.entries(expected)) {
    t.equal(found.get(name)?.type, type, name);
    fs.statx(dir.fd, asName(name));
    t.equal(found.get(name)?.ino, fs.stat[0], name);
  }
  t.end();
});

t.test('it begins anew each time, and reads what is there now', (t) => {
  const dir = makeScratch(t);
  t.same(fs.listDirectory(dir.fd).names, []);
  writeFileSync(dir.at('a'), '');
  t.same(fs.listDirectory(dir.fd).names, ['a']);
  t.same(fs.listDirectory(dir.fd).names, ['a']);
  t.end();
});

t.test('a removed directory is empty, other things are errors', (t) => {
  const dir = makeScratch(t);
  mkdirSync(dir.at('d'));
  const fd = openSync(dir.at('d'), 'r') as Fd;
  rmdirSync(dir.at('d'));
  t.same(fs.listDirectory(fd).names, []);
  closeSync(fd);
  const path = fs.openat(dir.fd, asName('.'), os.O_PATH, 0);
  t.throws(() => fs.listDirectory(path), { code: 'EBADF' });
  fs.close(path);
  t.throws(() => fs.listDirectory(-1 as Fd), { code: 'EBADF' });
  t.end();
});

t.test('a big directory, complete', (t) => {
  const dir = makeScratch(t, 'tmpfs');
  const count = 100_000;
  const long = 'n'.repeat(200);
  for (let at = 0; at < count; at++) fs.mknodat(dir.fd, asName(`${long}${String(at)}`), os.S_IFREG, 0);
  const { names, types, inos } = fs.listDirectory(dir.fd);
  t.equal(names.length, count);
  t.equal(new Set(names).size, count);
  t.equal(new Set(names.map((_, at) => inoAt(inos, at))).size, count);
  t.ok(types.every((type) => type === os.DT_REG));
  t.equal(readdirSync(dir.path).length, count);
  t.end();
});
