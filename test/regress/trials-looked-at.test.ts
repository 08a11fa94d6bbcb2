/**
 * What is cleared away before a run of the benchmark. A pager on a file of a trial was waited for and killed, a server that had not
 * mounted yet was not heeded before the first trial.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { openScratch } from '../../src/bench/scratch.ts';
import { until } from '../cli/fixtures/program.ts';
import { makeScratch } from '../fixtures/mount.ts';

t.test('ends who starts to serve a trial, and nobody else', async (t) => {
  const { path } = makeScratch(t);
  const mountPoint = `${path}/disk/trial-abcdef/mnt`;
  mkdirSync(mountPoint, { recursive: true });
  writeFileSync(`${mountPoint}/file`, 'content');
  const start = (args: readonly string[]): ChildProcess => {
    const child = spawn('sh', ['-c', 'sleep 100 & wait', ...args], { stdio: 'ignore', detached: true });
    t.teardown(() => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // It was ended, as it should be.
      }
    });
    return child;
  };
  const pager = start(['less', `${mountPoint}/file`]);
  const server = start(['server', '-o', `lowerdir=${path}/disk/fixtures-1`, mountPoint]);
  const titled = start([`stratafs ${mountPoint}`]);
  const scratch = await openScratch(path);
  await until(() => server.signalCode !== null && titled.signalCode !== null, 'they have ended');
  t.equal(pager.signalCode, null);
  t.equal(server.signalCode, 'SIGKILL');
  t.equal(titled.signalCode, 'SIGKILL');
  const begin = performance.now();
  await scratch.close();
  t.ok(performance.now() - begin < 9_000, 'the pager is not waited for');
});
