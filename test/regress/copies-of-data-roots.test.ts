/**
 * Data roots that a backup had passed through, and others as they come to be: without the directories that were empty, commands
 * ended with the name of a system call, or said that a work directory must be created; a container that had lost its definition was
 * thrown away, with what it had written, by the next command, whatever that was; of commands that began at the same moment
 * over a new root one in ten failed; a remembered choice that was cut off stopped every command.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { createDataRoot } from '../../src/store/data-root.ts';
import { keepReserve } from '../../src/store/reserve.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

t.test('without what was empty', needs(...containerNeeds), async (t) => {
  const { get, run, root } = makeStrata(t);
  get('run', '--name', 'one', 'base', 'sh', '-c', 'echo x >/file');
  get('create', '--name', 'two', 'base', 'true');
  const leaveOut = (): void => {
    rmSync(`${root}/lock`);
    rmdirSync(`${root}/image/overlay2/layerdb/tmp`);
    const [part, works] = [`${root}/overlay2`, '.*/overlay2/[0-9a-f]*/work.*'];
    spawnSync('find', [part, '-depth', '-regex', works, '-type', 'd', '-empty', '-delete']);
  };
  for (const words of [
    ['diff', 'one'],
    ['commit', 'one', 'image'],
    ['start', '-a', 'two'],
    ['run', '--rm', 'image', 'cat', '/file'],
    ['system', 'check'],
  ]) {
    leaveOut();
    t.match(run(...words), { status: 0, stderr: '' }, words.join(' '));
  }
});

t.test('without the definition of a container that has run', needs(...containerNeeds), async (t) => {
  const { get, run, root } = makeStrata(t);
  const id = get('run', '-d', '--name', 'one', 'base', 'sh', '-c', 'echo precious >/file');
  get('wait', 'one');
  const layers = readdirSync(`${root}/overlay2`).length;
  rmSync(`${root}/containers/${id}/container.json`);
  t.match(run('images'), { status: 0, stderr: '' });
  t.match(run('ps', '-a'), { status: 1, stderr: /container\.json is damaged \(it is missing\)/ });
  t.match(run('system', 'check', '--repair'), { status: 2, stdout: /^container-file: /m });
  t.equal(readdirSync(`${root}/overlay2`).length, layers, 'what it has written is there');
  get('rm', id.slice(0, 12));
  t.notOk(existsSync(`${root}/containers/${id}`));
  t.match(run('system', 'check'), { status: 0 });
});

t.test('a reserve that another command takes for left behind', needs('root'), async (t) => {
  const { path } = makeScratch(t);
  const root = await createDataRoot(`${path}/root`, 'vfs', 'vfs');
  let isDone = false;
  const done = keepReserve(root).finally(() => {
    isDone = true;
  });
  let taken = 0;
  while (!isDone) {
    const unfinished = readdirSync(root.path).filter((name) => name.startsWith('.new-'));
    for (const name of unfinished) rmSync(`${root.path}/${name}`, { force: true });
    taken += unfinished.length;
    await new Promise(setImmediate);
  }
  await done;
  t.ok(taken > 0);
});

t.test('a choice that was not written to its end', needs(...containerNeeds), (t) => {
  const { get } = makeStrata(t);
  const { runRoot } = JSON.parse(get('info', '--json')) as { runRoot: string };
  writeFileSync(`${runRoot}/driver.json`, '');
  t.match(get('images'), /^REPOSITORY/);
  t.end();
});

t.test('trees deeper than the stack', needs(...containerNeeds), (t) => {
  const { get, run, root } = makeStrata(t);
  get('volume', 'create', 'deep');
  const dig = 'import os\nfor _ in range(9000): os.mkdir("d"); os.chdir("d")';
  t.equal(spawnSync('python3', ['-c', dig], { cwd: `${root}/volumes/deep/_data` }).status, 0);
  t.match(run('system', 'df', '-v'), { status: 0, stderr: '', stdout: /deep +0 +\d/ });
  t.match(run('volume', 'rm', 'deep'), { status: 0, stdout: 'deep\n', stderr: '' });
  t.strictSame(readdirSync(`${root}/volumes`), []);
  t.end();
});
