/**
 * `strata cp` of a file onto a device, a FIFO or a socket put a regular file in its place: of /dev/null on the machine, say.
 * Onto /dev/stdout it spoke of links that lead to each other.
 */
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import { makeStrata } from '../cli/fixtures/strata.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('cp onto what is neither file nor directory', needs(...mountNeeds), async (t) => {
  const { get, run, scratch } = makeStrata(t, (path) => {
    writeFileSync(`${path}/file`, 'copied\n');
    mkdirSync(`${path}/own`);
    execFileSync('mknod', [`${path}/own/device`, 'c', '1', '3']);
    execFileSync('mkfifo', [`${path}/own/fifo`]);
    symlinkSync('own/device', `${path}/link`);
    return path;
  });
  const here = scratch.directory('here');
  execFileSync('mknod', [`${here}/device`, 'c', '1', '3']);
  execFileSync('mkfifo', [`${here}/fifo`]);
  symlinkSync('device', `${here}/link`);
  writeFileSync(`${here}/file`, 'given\n');
  const server = createServer().listen(`${here}/socket`);
  await once(server, 'listening');
  t.teardown(() => server.close());
  get('create', '--name', 'one', 'base', 'true');
  for (const name of ['device', 'fifo', 'socket', 'link']) {
    const before = lstatSync(`${here}/${name}`);
    const stderr = `strata: destination "${here}/${name}" must be a directory or a regular file: a copy would take the place of what is there\n`;
    t.match(run('cp', 'one:/file', `${here}/${name}`), { status: 1, stderr });
    t.match(lstatSync(`${here}/${name}`), { ino: before.ino, mode: before.mode }, `${name} is there still`);
  }
  for (const name of ['own/device', 'link'])
    t.match(run('cp', `${here}/file`, `one:/${name}`), {
      status: 1,
      stderr: `destination "/${name}" must be a directory or a regular file`,
    });
  get('cp', `${here}/file`, 'one:/own/fifo');
  get('cp', 'one:/own/fifo', `${here}/from-fifo`);
  t.equal(readFileSync(`${here}/from-fifo`, 'utf8'), 'given\n', 'as in Docker');
  for (const [from, to] of [
    ['one:/file', '/dev/stdout'],
    ['one:/file', '/proc/self/cwd/x'],
    ['/proc/self/cwd/x', 'one:/file'],
  ] as const)
    t.match(run('cp', from, to), {
      status: 1,
      stderr:
        /^strata: \S+ leads through a link of \/proc to what a process holds: name the file or directory itself\n$/,
    });
});
