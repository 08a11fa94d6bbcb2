/**
 * `strata cp` with a container that does not run: what lay below a path but in a volume was left out, and what was copied there
 * came to lie beneath the volume, where nobody saw it; so it did by way of a link. What the container could not write was
 * written.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readMounts } from '../../src/os/mountinfo.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('cp where other things are mounted', needs(...containerNeeds), async (t) => {
  const { get, run, root, scratch } = makeStrata(t);
  const tree = scratch.directory('tree');
  const bound = scratch.directory('bound');
  for (const path of ['file', 'data/file', 'data/in/file']) {
    mkdirSync(join(tree, path, '..'), { recursive: true });
    writeFileSync(`${tree}/${path}`, `${path}\n`);
  }
  const volume = `${root}/volumes/data/_data`;
  const mounts = ['-v', 'data:/app/data', '-v', `${bound}:/app/data/in`, '-v', 'fixed:/app/fixed:ro'];
  const noVolume = { status: 1, stderr: /mounted volume is marked read-only: \/app\/fixed/ };
  const noRoot = { status: 1, stderr: /container rootfs is marked read-only/ };

  await t.test('copies go into what is mounted, and come from there', (t) => {
    get('create', '--name', 'box', ...mounts, 'base', 'sleep', '1000');
    get('cp', `${tree}/.`, 'box:/app');
    t.equal(readFileSync(`${volume}/file`, 'utf8'), 'data/file\n');
    t.equal(readFileSync(`${bound}/file`, 'utf8'), 'data/in/file\n');
    t.notMatch(get('diff', 'box'), /data\/file/, 'nothing is beneath');
    get('cp', 'box:/app', `${scratch.path}/out`);
    for (const path of ['file', 'data/file', 'data/in/file'])
      t.equal(readFileSync(`${scratch.path}/out/${path}`, 'utf8'), `${path}\n`);
    t.strictSame(
      readMounts().filter(({ mountPoint }) => mountPoint.startsWith(scratch.path)),
      [],
      'nothing is left mounted',
    );
    t.end();
  });

  await t.test('a link of the container leads there, too', (t) => {
    get('run', '--name', 'linked', ...mounts, 'base', 'ln', '-s', '/app/data', '/link');
    get('cp', `${tree}/file`, 'linked:/link/by-link');
    t.ok(existsSync(`${volume}/by-link`));
    t.end();
  });

  await t.test('what the container cannot write is refused', (t) => {
    get('create', '--name', 'sealed', '--read-only', ...mounts, 'base', 'sleep', '1000');
    mkdirSync(`${tree}/fixed`);
    writeFileSync(`${tree}/fixed/file`, '');
    for (const state of ['stopped', 'running']) {
      t.match(run('cp', `${tree}/file`, 'box:/app/fixed'), noVolume, state);
      t.match(run('cp', `${tree}/file`, 'sealed:/app/fixed/file'), noVolume, state);
      t.match(run('cp', `${tree}/file`, 'sealed:/etc'), noRoot, state);
      t.equal(run('cp', `${tree}/.`, 'box:/app').status, 1, `${state}: below the path`);
      get('cp', `${tree}/file`, `sealed:/app/data/${state}`);
      t.ok(existsSync(`${volume}/${state}`));
      get('start', 'box', 'sealed');
    }
    t.notOk(existsSync(`${root}/volumes/fixed/_data/file`));
    t.end();
  });
});
