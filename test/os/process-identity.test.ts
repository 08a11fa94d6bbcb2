import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, readlinkSync } from 'node:fs';
import t from 'tap';
import {
  findProcess,
  isNamespaceInUse,
  isRunning,
  mountNamespace,
  ownIdentity,
  pidNamespace,
  readBootId,
} from '../../src/os/process-identity.ts';
import { makeScratch } from './fixtures/scratch.ts';

t.test('a process is known by its id and its start', async (t) => {
  const own = findProcess(process.pid);
  t.match(own, { pid: process.pid, start: /^\d+$/ });
  t.ok(own !== undefined && isRunning(own));
  t.same(ownIdentity(), own);
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
  t.equal(pidNamespace(), readlinkSync('/proc/self/ns/pid'));
  t.ok(isNamespaceInUse(mountNamespace()));
  t.notOk(isNamespaceInUse('mnt:[1]'));
});

t.test('a process lives as long as one of its threads, which has its files open', async (t) => {
  const script = `import ctypes, sys, threading
threading.Thread(target=sys.stdin.read, daemon=True).start()
print('', flush=True)
ctypes.CDLL(None).pthread_exit(None)`;
  const child = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  const isFirstGone = (): boolean => readFileSync(`/proc/${String(pid)}/stat`, 'latin1').includes(') Z ');
  while (!isFirstGone()) await new Promise((resolve) => setImmediate(resolve));
  t.ok(findProcess(pid));
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.equal(findProcess(pid), undefined);
});
