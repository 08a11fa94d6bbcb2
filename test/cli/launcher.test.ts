/** bin/stratafs itself, with servers that do nothing but report. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { programPath } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { until } from './fixtures/program.ts';

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

t.test('a limit of file sizes is lifted as far as can be', needs('root', 'program:setpriv'), (t) => {
  const launcher = makeLauncher(
    t,
    `const limits = fs.readFileSync('/proc/self/limits', 'latin1');
    fs.writeFileSync(launcher + '.limits', /^Max file size.*/m.exec(limits)[0].split(/  +/).slice(1, 3).join());
    fs.writeSync(3, '0\\n');`,
  );
  // Who has this capability lifts any limit.
  const weak = 'setpriv --bounding-set=-sys_resource';
  for (const [limits, found, warning] of [
    ['ulimit -Sf 100', 'unlimited,unlimited', ''],
    ['ulimit -Sf 100; ulimit -Hf 200', '204800,204800', /no file .* beyond 200 KiB/],
  ] as const) {
    const done = spawnSync('bash', ['-c', `${limits}; ${weak} ${launcher} m`], { encoding: 'utf8' });
    t.match(done, { status: 0, stderr: warning }, limits);
    t.equal(readFileSync(`${launcher}.limits`, 'latin1'), found, limits);
  }
  t.end();
});

t.test('in a checkout that is not built', (t) => {
  const path = realpathSync(t.testdir({ bin: {}, native: { 'binding.gyp': '' } }));
  for (const name of ['stratafs', 'strata']) {
    const launcher = join(path, 'bin', name);
    copyFileSync(join(dirname(programPath), name), launcher);
    t.match(spawnSync(launcher, ['--version'], { encoding: 'utf8' }), {
      status: 1,
      stderr: `${name}: it is not built: run npm ci in ${path}\n`,
    });
  }
  t.end();
});

t.test('programs are started with the code that was made for them', needs('build'), (t) => {
  const take = `const { readFileSync } = require('node:fs');
    const { Script } = require('node:vm');
    const [path] = process.argv.slice(1);
    const cachedData = readFileSync(path.replace(/js$/, 'code'));
    process.exitCode = Number(new Script(readFileSync(path, 'latin1'), { cachedData }).cachedDataRejected);`;
  for (const name of ['stratafs', 'strata']) {
    const launcher = readFileSync(join(dirname(programPath), name), 'latin1');
    const options = /^ *young=(.*)$/m.exec(launcher)?.slice(1) ?? [];
    const program = join(
      dirname(programPath),
      `../dist/bundle/program-${name.replace('stratafs', 'server')}.js`,
    );
    t.equal(spawnSync(process.execPath, [...options, '-e', take, program]).status, 0, name);
  }
  t.end();
});

t.test('a program runs without its code, and with code that is none', needs('build'), (t) => {
  const path = t.testdir({ bundle: { 'program-x.js': "(function (require) { console.log('runs'); })" } });
  copyFileSync(join(dirname(programPath), '../dist/bundle/strata.cjs'), join(path, 'bundle/x.cjs'));
  const run = (): string =>
    spawnSync(process.execPath, [join(path, 'bundle/x.cjs')], { encoding: 'utf8' }).stdout;
  t.equal(run(), 'runs\n');
  writeFileSync(join(path, 'bundle/program-x.code'), 'no code');
  t.equal(run(), 'runs\n');
  t.end();
});

t.test('what a module beside the bundle refuses is one line', needs('build'), (t) => {
  const strata = join(dirname(programPath), 'strata');
  t.match(spawnSync(strata, ['bench', '--only', 'nothing'], { encoding: 'utf8' }), {
    status: 1,
    stderr: /^strata: no workload, group or series is called "nothing".*\n$/,
  });
  t.end();
});

t.test('a signal that ends it is heard by the server', needs('program:setsid'), async (t) => {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const [signal, group] of signals.flatMap((one) => [[one, true] as const, [one, false] as const])) {
    const launcher = makeLauncher(
      t,
      `process.on('${signal}', () => undefined);
      fs.writeFileSync(launcher + '.begun', '');
      const waiting = setInterval(() => {
        if (!fs.existsSync(launcher + '.ended')) return;
        clearInterval(waiting);
        let outcome = 'told';
        try { fs.writeSync(3, '0\\n'); } catch (thrown) { outcome = thrown.code; }
        fs.writeFileSync(launcher + '.outcome', outcome);
        fs.renameSync(launcher + '.outcome', launcher + '.told');
      }, 10);`,
    );
    // In a group of its own: a terminal signals the whole group, kill(1) one process.
    const child = spawn(launcher, ['m'], { stdio: 'ignore', detached: true });
    const exited = once(child, 'exit');
    await until(() => existsSync(`${launcher}.begun`), 'the server has begun');
    process.kill((group ? -1 : 1) * (child.pid as number), signal);
    t.strictSame(await exited, [null, signal]);
    writeFileSync(`${launcher}.ended`, '');
    await until(() => existsSync(`${launcher}.told`), 'the server has told');
    t.equal(readFileSync(`${launcher}.told`, 'utf8'), 'EPIPE', 'nobody knows of the mount');
  }
});

t.test('signals that the caller ignores stay ignored', needs('program:setsid'), (t) => {
  const launcher = makeLauncher(
    t,
    `fs.writeSync(process.argv.some((one) => one.startsWith('--report')) ? 3 : 1, process.argv.filter((one) => one.startsWith('--ignored')).join() === process.env.EXPECTED ? '0\\n' : '9\\n');`,
  );
  for (const [signals, expected] of [
    ['', ''],
    ['HUP', '--ignored=SIGHUP'],
    ['HUP INT TERM', '--ignored=SIGHUP,--ignored=SIGINT,--ignored=SIGTERM'],
    ['USR1', ''],
  ] as const) {
    const script = `${signals === '' ? '' : `trap '' ${signals};`} "$0" m && "$0" -f m`;
    const env = { ...process.env, EXPECTED: expected };
    t.match(spawnSync('sh', ['-c', script, launcher], { env, encoding: 'utf8' }), {
      stdout: '0\n',
      status: 0,
    });
  }
  t.end();
});

t.test('which Node', needs('program:setsid', 'build'), (t) => {
  const launcher = makeLauncher(t, "fs.writeSync(3, '0\\n');");
  const tools = dirname(launcher);
  for (const name of ['bash', 'sh', 'setsid', 'readlink', 'env']) {
    symlinkSync(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(tools, name));
  }
  const env = { PATH: tools };
  const missing = /^strata(fs)?: node is not there: .*STRATAFS_NODE\n$/;
  for (const words of [
    [launcher, 'm'],
    [launcher, '-f', 'm'],
    [join(dirname(programPath), 'strata'), 'version'],
  ]) {
    t.match(
      spawnSync('env', words, { env, encoding: 'utf8' }),
      { status: 1, stderr: missing },
      words.join(' '),
    );
  }
  const named = { ...env, STRATAFS_NODE: process.execPath };
  t.equal(spawnSync(launcher, ['m'], { env: named }).status, 0);
  t.equal(spawnSync(join(dirname(programPath), 'strata'), ['--help'], { env: named }).status, 0);
  t.end();
});
