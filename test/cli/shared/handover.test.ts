/**
 * A call that is handed to the process that serves already, by a program that needs no Node (native/handover.c): with a
 * `node` in PATH that only fails, it does what it does with a real one.
 */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { asName } from '../../../src/base/name.ts';
import { findMountAt } from '../../../src/os/mountinfo.ts';
import { isMounted, programPath } from '../../fixtures/mount.ts';
import { mountNeeds, needs } from '../../fixtures/needs.ts';
import { runProgram, type Outcome, type RunOptions } from '../fixtures/program.ts';
import { findShared, makePlace, umount, untilEnded, type Place } from './fixtures/shared.ts';

const mounts = needs(...mountNeeds);
/** What the `node` in PATH says, all that it does. */
const withoutNode = 'node was called\n';

interface Host extends Place {
  /** Runs stratafs where there is no Node. */
  call(args: readonly string[], options?: RunOptions): Promise<Outcome>;
}

/** With a process that serves. */
async function makeHost(t: Test): Promise<Host> {
  const place = makePlace(t);
  t.equal((await place.mount(place.union())).code, 0);
  const path = place.scratch.directory('path');
  writeFileSync(join(path, 'node'), `#!/bin/sh\nprintf '${withoutNode.trim()}\\n' >&2\nexit 1\n`, {
    mode: 0o755,
  });
  const env = { PATH: `${path}:${process.env.PATH ?? ''}` };
  return { ...place, call: (args, options) => runProgram(args, { env, ...options }) };
}

t.test('it is mounted, in the same process', mounts, async (t) => {
  const host = await makeHost(t);
  const { at, upper, options } = host.union();
  const pid = await findShared();
  t.match(await host.call([at, '-o', `${options},shared=on`]), { code: 0, stdout: '', stderr: '' });
  writeFileSync(join(at, 'a'), 'written');
  t.equal(readFileSync(join(upper, 'a'), 'utf8'), 'written');
  t.equal(await findShared(), pid);
});

t.test('relative paths, links, and names of any bytes', mounts, async (t) => {
  const host = await makeHost(t);
  const { scratch } = host;
  const odd = 'a "b"\\c\n\u0001 é: ü';
  for (const name of ['lower', 'more', 'upper', 'work', 'at']) scratch.directory(`${odd}/${name}`);
  writeFileSync(join(scratch.path, odd, 'lower/file'), 'odd');
  symlinkSync('lower', join(scratch.path, odd, 'link'));
  const cwd = join(scratch.path, odd);
  const options = 'lowerdir=link:../lower/../more,upperdir=./upper,workdir=work,shared=on';
  scratch.directory('more');
  t.match(await host.call(['-o', options, 'at'], { cwd }), { code: 0, stderr: '' });
  t.equal(readFileSync(join(cwd, 'at/file'), 'utf8'), 'odd');
  await umount(join(cwd, 'at'));
});

t.test('it knows by what name it was called', mounts, async (t) => {
  const host = await makeHost(t);
  const { at, options } = host.union();
  const program = join(host.scratch.path, 'fuse-overlayfs');
  symlinkSync(programPath, program);
  t.match(await host.call(['-o', `${options},shared=on`, at], { program }), { code: 0, stderr: '' });
  t.equal(findMountAt(asName(at))?.type, 'fuse.fuse-overlayfs');
});

t.test('what is no plain mount, or may mean something else there, is left to Node', mounts, async (t) => {
  const host = await makeHost(t);
  const { at, options } = host.union();
  const { scratch } = host;
  const [lower, more] = [scratch.directory('one'), scratch.directory('two')];
  const calls: Readonly<Record<string, readonly string[]>> = {
    'not asked for': ['-o', options, at],
    'asked not to': ['-o', `${options},fsname=shared,shared=off`, at],
    'in front': ['-f', '-o', `${options},shared=on`, at],
    'a descriptor of the caller': ['-o', `lowerdir=/proc/self/fd/3:${lower},shared=on`, at],
    'no such layer': ['-o', `lowerdir=${lower}:${more}/none,shared=on`, at],
    'an unknown option': ['-o', `lowerdir=${lower}:${more},shared=on,nothing`, at],
    'in use': ['-o', `${options.replace('upper1', 'upper0').replace('work1', 'work0')},shared=on`, at],
  };
  for (const [what, args] of Object.entries(calls)) {
    t.match(await host.call(args), { code: 1, stderr: withoutNode }, what);
  }
  t.notOk(isMounted(at));
});

t.test('another version of the program is none that serves', mounts, async (t) => {
  const host = await makeHost(t);
  const { at, options } = host.union();
  const other = host.scratch.directory('other');
  for (const name of ['bin', 'dist/bundle', 'dist/cli']) mkdirSync(join(other, name), { recursive: true });
  symlinkSync(join(programPath, '../../native'), join(other, 'native'));
  for (const name of ['dist/bundle/server.cjs', 'dist/cli/server.js']) writeFileSync(join(other, name), '');
  const program = join(other, 'bin/stratafs');
  writeFileSync(program, readFileSync(programPath), { mode: 0o755 });
  t.match(await host.call(['-o', `${options},shared=on`, at], { program }), { code: 1, stderr: withoutNode });
});

t.test('for a moment after the last mount the process serves the next', mounts, async (t) => {
  const place = makePlace(t);
  const [one, two] = [place.union(), place.union()];
  t.equal((await place.mount(one)).code, 0);
  const pid = await findShared();
  await umount(one.at);
  t.equal((await place.mount(two)).code, 0);
  t.equal(await findShared(), pid);
  const ended = untilEnded();
  await umount(two.at);
  await ended;
});
