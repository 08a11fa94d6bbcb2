import { execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { UserError } from '../../src/base/user-error.ts';
import { getAddon, loadAddon } from '../../src/os/addon.ts';
import { st } from '../../src/os/host-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch } from './fixtures/scratch.ts';

const addonPath = fileURLToPath(new URL('../../native/build/Release/strata.node', import.meta.url));

t.test('it is loaded once', (t) => {
  t.equal(getAddon(), getAddon());
  t.equal(getAddon().stat.length, Object.keys(st).length);
  t.end();
});

t.test('one that was not built says what to do', (t) => {
  try {
    loadAddon('./nothing.node');
    t.fail('loaded');
  } catch (thrown) {
    t.ok(thrown instanceof UserError);
    t.match(thrown, { code: 'addon-missing', line: /npm run build:native.*g\+\+, make and python3/ });
  }
  t.end();
});

t.test('misuse is an answer, not an exception', (t) => {
  const addon = getAddon() as unknown as Record<string, (...args: unknown[]) => unknown>;
  t.equal(addon.openat?.(-100, 7, 0, 0), -22);
  t.equal(addon.close?.('x'), -9);
  t.equal(addon.pread?.(0, 'no buffer', 0, 1, 0, false), -14);
  t.equal(addon.setxattr?.(-100, '/tmp', 'user.x', 'no buffer', 0), -22);
  t.equal(addon.channelStart?.({}, undefined, undefined), -22);
  t.equal(addon.channelSend?.(undefined, Buffer.alloc(1), 1), -14);
  t.end();
});

t.test('a plain user keeps its identity', needs('root'), (t) => {
  const dir = makeScratch(t);
  const script = `
    process.chdir(${JSON.stringify(dir.path)});
    const a = require(${JSON.stringify(addonPath)});
    a.fchownat(-100, '.', 65534, 65534);
    process.setgid(65534);
    process.setuid(65534);
    console.log(a.assume(1000, 1000, 0o027));
    a.close(a.openat(-100, 'f', 0o102, 0o666));
    console.log(a.assumeNone());
    a.close(a.openat(-100, 'g', 0o102, 0o666));`;
  t.equal(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }), '0\n0\n');
  t.match(lstatSync(dir.at('f')), { uid: 65534, mode: 0o100640 });
  t.match(lstatSync(dir.at('g')), { uid: 65534, mode: 0o100666 });
  t.end();
});

t.test('children do not inherit a way to keep capabilities', needs('root'), (t) => {
  const script = `
    const a = require(${JSON.stringify(addonPath)});
    a.assume(1000, 1000, 0);
    a.assumeNone();
    const sh = 'import os,re; os.setuid(1000); print(re.search(r"CapEff:\\\\s*(\\\\S+)", open("/proc/self/status").read())[1])';
    console.log(require('child_process').execFileSync('python3', ['-c', sh], { encoding: 'utf8' }).trim());`;
  t.equal(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }), '0000000000000000\n');
  t.end();
});
