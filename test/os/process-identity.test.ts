import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readlinkSync } from 'node:fs';
import t from 'tap';
import {
  findProcess,
  isNamespaceInUse,
  isRunning,
  mountNamespace,
  readBootId,
} from '../../src/os/process-identity.ts';
import { makeScratch } from './fixtures/scratch.ts';

t.test('a process is known by its id and its start', async (t) => {
  const own = findProcess(process.pid);
  t.match(own, { pid: process.pid, start: /^\d+$/ });
  t.ok(own !== undefined && isRunning(own));
  t.notOk(isRunning({ pid: process.pid, start: '1' }), 'another one had this id');
});

t.test('whatever it is called, and until it ends', async (t) => {
  const dir = makeScratch(t);
  const program = dir.at(') R 1 (');
  copyFileSync('/bin/cat', program);
  const child = spawn(program, [], { stdio: ['pipe', 'ignore', 'inherit'] });
  await once(child, 'spawn');
  const identity = findProcess(child.pid ?? 0);
  t.match(identity, { start: /^\d{2,}$/ });
  t.ok(identity !== undefined && isRunning(identity));
  child.stdin.end();
  await once(child, 'exit');
  t.equal(findProcess(child.pid ?? 0), undefined);
  t.notOk(identity !== undefined && isRunning(identity));
});

t.test('boots and namespaces', async (t) => {
  t.match(readBootId(), /^[0-9a-f-]{36}$/);
  t.equal(mountNamespace(), readlinkSync('/proc/self/ns/mnt'));
  t.ok(isNamespaceInUse(mountNamespace()));
  t.notOk(isNamespaceInUse('mnt:[1]'));
});
