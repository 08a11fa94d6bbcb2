/** `strata logs` kept in memory what its reader had not taken yet: all of the log. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { makeStrata, programPath } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

const lines = 300_000;
const log = 'x'.repeat(99) + '\n';

/** Bytes that a process has read. */
function bytesRead(pid: number): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${String(pid)}/io`, 'utf8'))?.[1]);
}

t.test('a log is read as fast as it is taken', needs('root', 'build'), async (t) => {
  const { get, root } = makeStrata(t);
  const id = get('create', 'base', 'true');
  const line = JSON.stringify({ log, stream: 'stdout', time: '2026-01-31T12:00:00Z' });
  writeFileSync(`${root}/containers/${id}/${id}-json.log`, `${line}\n`.repeat(lines));
  const child = spawn(programPath, ['logs', id], {
    env: { ...process.env, STRATA_ROOT: root },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('readable', resolve));
  let before = -1;
  // On a busy machine it may stand still before it is at rest.
  for (let looks = 0; looks < 4; looks += 1) {
    const now = bytesRead(child.pid ?? 0);
    if (now !== before) looks = 0;
    before = now;
    await sleep(500);
  }
  t.ok(before < 20_000_000, `it has read ${String(before)} bytes, and waits`);
  let length = 0;
  for await (const chunk of child.stdout) length += (chunk as Buffer).length;
  t.equal(length, lines * log.length, 'all of it comes');
});
