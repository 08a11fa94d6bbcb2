/**
 * A mount that had left its place was forgotten, and `rmi` removed the layers under it: a directory above it was renamed, it was
 * shown at one more place and taken off the first, or taken off the tree while a program was in it.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import t from 'tap';
import { until } from '../cli/fixtures/program.ts';
import { containerNeeds, makeStrata, type Strata } from '../cli/fixtures/strata.ts';
import { isMounted, type HasTeardown } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { removeRunRoot } from '../store/fixtures/stage.ts';

const need = needs(...containerNeeds, 'overlayfs');
const inUse = { status: 1, stderr: /in use|is mounted at/ };

/** A process that is in a directory. */
async function startIn(cwd: string): Promise<ChildProcess> {
  const child = spawn('sleep', ['600'], { cwd, stdio: 'ignore' });
  await once(child, 'spawn');
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** The image can be removed once its mount is gone. */
async function removesImage({ run }: Pick<Strata, 'run'>): Promise<void> {
  await until(() => run('rmi', 'base').status === 0, 'the image goes');
}

for (const driver of ['strata', 'overlay2', 'vfs']) {
  const make = (t: HasTeardown): Pick<Strata, 'run' | 'get' | 'scratch'> => {
    const { scratch, run, get } = makeStrata(t);
    if (driver !== 'vfs') return { scratch, run, get };
    const root = `${scratch.path}/plain`;
    t.teardown(() => {
      removeRunRoot(root);
      return Promise.resolve();
    });
    get('--root', root, '--driver', 'vfs', 'import', `${scratch.path}/base`, 'base');
    return {
      scratch,
      run: (...args) => run('--root', root, ...args),
      get: (...args) => get('--root', root, ...args),
    };
  };

  t.test(`a directory above it is renamed: ${driver}`, need, async (t) => {
    const strata = make(t);
    const { run, get, scratch } = strata;
    get('--driver', driver, 'mount', 'base', scratch.directory('before/place'));
    renameSync(`${scratch.path}/before`, `${scratch.path}/after`);
    const place = `${scratch.path}/after/place`;
    t.match(run('rmi', 'base'), { status: 1, stderr: /after\/place/ });
    t.equal(get('system', 'check'), 'nothing is wrong');
    t.ok(readFileSync(`${place}/etc/passwd`).length > 0);
    get('umount', place);
    t.notOk(isMounted(place));
    await removesImage(strata);
  });

  t.test(`it is bound to another place: ${driver}`, need, async (t) => {
    const strata = make(t);
    const { run, get, scratch } = strata;
    const [first, second] = [scratch.directory('first'), scratch.directory('second')];
    get('--driver', driver, 'mount', 'base', first);
    execFileSync('mount', ['--bind', `${first}/etc`, second]);
    const begun = performance.now();
    get('umount', first);
    t.ok(performance.now() - begun < 55_000, 'nobody is waited for in vain');
    t.match(run('rmi', 'base'), { status: 1, stderr: /second/ });
    t.equal(get('system', 'check'), 'nothing is wrong');
    t.ok(readFileSync(`${second}/passwd`).length > 0);
    execFileSync('umount', [second]);
    await removesImage(strata);
  });

  t.test(`a program is in it: ${driver}`, need, async (t) => {
    const strata = make(t);
    const { run, get, scratch } = strata;
    const place = scratch.directory('place');
    get('--driver', driver, 'mount', 'base', place);
    const inside = await startIn(`${place}/etc`);
    get('umount', '--lazy', place);
    t.notOk(isMounted(place));
    t.match(run('rmi', 'base'), inUse);
    t.equal(get('system', 'check'), 'nothing is wrong');
    t.ok(existsSync(`/proc/${String(inside.pid)}/cwd/passwd`));
    await end(inside);
    await removesImage(strata);
  });
}

for (const driver of ['strata', 'overlay2']) {
  t.test(`the mount of a container: ${driver}`, need, async (t) => {
    const strata = makeStrata(t);
    const { run, get, scratch } = strata;
    const place = scratch.directory('place');
    get('--driver', driver, 'create', '--name', 'box', 'base', 'true');
    get('mount', 'box', place);
    t.equal(get('system', 'check'), 'nothing is wrong', 'it is held by its place');
    const inside = await startIn(`${place}/etc`);
    get('umount', '--lazy', place);
    t.match(run('rm', 'box'), { status: 1, stderr: /in use|is mounted at/ });
    t.equal(get('system', 'check'), 'nothing is wrong');
    t.ok(existsSync(`/proc/${String(inside.pid)}/cwd/passwd`));
    await end(inside);
    await until(() => run('rm', 'box').status === 0, 'it goes');

    get('--driver', driver, 'create', '--name', 'box', 'base', 'true');
    const moved = scratch.directory('before/place');
    get('mount', 'box', moved);
    renameSync(`${scratch.path}/before`, `${scratch.path}/after`);
    t.match(run('rm', 'box'), { status: 1, stderr: /strata umount .*after\/place/ });
    t.equal(get('system', 'check'), 'nothing is wrong');
    get('umount', `${scratch.path}/after/place`);
    get('rm', 'box');
  });
}
