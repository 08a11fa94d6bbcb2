/** bin/stratafs itself, with servers that do nothing but report. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { programPath } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

/** A copy of the launcher that starts `server`, a script which gets the launcher's path as `launcher`. */
function makeLauncher(t: Test, server: string): string {
  const path = t.testdir();
  const launcher = join(path, 'bin/stratafs');
  mkdirSync(join(path, 'bin'));
  mkdirSync(join(path, 'dist/bundle'), { recursive: true });
  copyFileSync(programPath, launcher);
  const head = `const fs = require('node:fs'); const launcher = ${JSON.stringify(launcher)};\n`;
  writeFileSync(join(path, 'dist/bundle/server.cjs'), head + server);
  return launcher;
}

t.test('its status is what the server reports, or 1', needs('program:setsid'), (t) => {
  for (const [server, status] of [
    ["fs.writeSync(3, '0\\n');", 0],
    ["fs.writeSync(3, '3\\n');", 3],
    ['process.exit(0);', 1],
    ["process.kill(process.pid, 'SIGKILL');", 1],
  ] as const) {
    t.equal(spawnSync(makeLauncher(t, server), ['m']).status, status, server);
  }
  t.end();
});

t.test('a launcher that is written anew while it waits', needs('program:setsid'), (t) => {
  const launcher = makeLauncher(
    t,
    `fs.writeFileSync(launcher, 'exit 42\\n'.repeat(1000)); fs.writeSync(3, '0\\n');`,
  );
  const done = spawnSync(launcher, ['m'], { encoding: 'utf8' });
  t.match(done, { status: 0, stderr: '' });
  t.end();
});
