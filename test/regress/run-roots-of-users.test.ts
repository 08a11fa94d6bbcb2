/**
 * Where the run root could not be made or written, an error of the system came out as it was, and `run` ended with status 1. For
 * users without XDG_RUNTIME_DIR it was one place in /tmp: the first user had it alone, and so could anybody who made it first.
 */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmodSync, chownSync, lchownSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import t, { type Test } from 'tap';
import { containerNeeds, makeStrata, programPath } from '../cli/fixtures/strata.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a run root that cannot be had names the option', needs(...containerNeeds), (t) => {
  const { run } = makeStrata(t);
  const stderr = /^strata: the run root \/etc\/passwd\/\S+ .*\(ENOTDIR\): .*--run-root/;
  t.match(run('--run-root', '/etc/passwd', 'ps'), { status: 1, stderr });
  t.match(run('--run-root', '/etc/passwd', 'run', '--rm', 'base', 'true'), { status: 125, stderr });
  t.end();
});

const userNeeds = needs('root', 'build', 'program:setpriv');

t.test('one of somebody else, too', userNeeds, (t) => {
  const { path, images } = makeUser(t, 0);
  t.match(images({ STRATA_RUN_ROOT: `${path}/closed` }), {
    status: 1,
    stderr: /^strata: the run root \S+\/closed\/\S+ .*\(EACCES\): .*--run-root/,
  });
  t.end();
});

t.test('each user has a place of its own', userNeeds, (t) => {
  for (const user of [makeUser(t, 0), makeUser(t, 1)]) {
    t.match(user.images(), { status: 0, stderr: '' });
    t.match(statSync(user.place), { uid: user.uid, mode: 0o40700 });
  }
  t.end();
});

t.test('a place that somebody else has made, or can open, is refused', userNeeds, (t) => {
  const { place, images, uid } = makeUser(t, 0);
  const refused = { status: 1, stderr: /^strata: \S+ is not a directory of yours alone: .*--run-root/ };
  mkdirSync(place, { mode: 0o777 });
  t.match(images(), refused);
  chownSync(place, uid, uid);
  chmodSync(place, 0o755);
  t.match(images(), refused);
  rmSync(place, { recursive: true });
  symlinkSync(dirname(place), place);
  lchownSync(place, uid, uid);
  t.match(images(), refused);
  t.end();
});

/** A user whom nobody else is, with a data root and without XDG_RUNTIME_DIR. */
function makeUser(t: Test, number: number) {
  const uid = 2_000_000_000 + 2 * process.pid + number;
  const scratch = makeScratch(t);
  const { path } = scratch;
  const place = `/tmp/strata-${String(uid)}`;
  t.teardown(async () => {
    rmSync(place, { recursive: true, force: true });
    await scratch.remove();
  });
  chmodSync(path, 0o755);
  chmodSync(scratch.directory('closed'), 0o700);
  const root = scratch.directory('root');
  chownSync(root, uid, uid);
  const become = [`--reuid=${String(uid)}`, `--regid=${String(uid)}`, '--clear-groups'];
  const images = (more: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> =>
    spawnSync('setpriv', [...become, programPath, '--driver', 'vfs', 'images'], {
      ...{ encoding: 'utf8', cwd: '/' },
      env: { ...process.env, XDG_RUNTIME_DIR: '', STRATA_ROOT: root, ...more },
    });
  return { uid, path, place, images };
}
