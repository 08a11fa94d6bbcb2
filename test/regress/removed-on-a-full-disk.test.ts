/** On a full disk nothing could be removed, and the message said to prune: `rmi`, `rm` and the prunes have something to write themselves. */
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { containerNeeds } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage, shell } from '../store/fixtures/stage.ts';
import { strata, type Outcome } from '../store/fixtures/strata.ts';

interface Disk {
  readonly root: string;
  readonly run: (...words: string[]) => Promise<Outcome>;
  /** Leaves not a byte, for root neither. */
  readonly fill: () => Promise<void>;
}

/** A small ext4 with a data root on it, in which are two images and a container. */
async function makeDisk(t: Test): Promise<Disk> {
  const stage = makeStage(t);
  shell(stage.path, 'truncate -s 40M image; mkfs.ext4 -q -m 0 image; mkdir disk; mount -o loop image disk');
  const root = `${stage.path}/disk/root`;
  const run = (...words: string[]): Promise<Outcome> => strata(root, ...words);
  shell(stage.path, 'mkdir one two; head -c 9M /dev/urandom > one/file; head -c 6M /dev/urandom > two/file');
  for (const words of [
    ['import', `${stage.path}/one`, 'one'],
    ['import', `${stage.path}/two`, 'two'],
    ['create', '--name', 'box', 'two', '/file'],
  ]) {
    const { code, stderr } = await run(...words);
    t.equal(code, 0, stderr);
  }
  const fill = async (): Promise<void> => {
    // What was freed a moment ago comes back with a commit of the journal.
    for (let i = 0; i < 3; i++) {
      execFileSync('sync', ['-f', root]);
      shell(
        stage.path,
        'cat /dev/zero >> disk/filler 2> /dev/null || :; i=0; while mkdir disk/d$i 2> /dev/null; do i=$((i + 1)); done',
      );
      await sleep(100);
    }
  };
  return { root, run, fill };
}

const needed = needs(...containerNeeds, 'program:mkfs.ext4');

t.test('one by one', needed, async (t) => {
  const { root, run, fill } = await makeDisk(t);
  const reserve = `${root}/reserve`;
  const { size } = statSync(reserve);
  await fill();
  t.not((await run('tag', 'one', 'other')).code, 0, 'others have none of it');
  for (const [command, name] of [
    ['rmi', 'one'],
    ['rm', 'box'],
    ['rmi', 'two'],
  ] as const) {
    const { code, stderr } = await run(command, name);
    t.equal(code, 0, stderr);
    t.equal(statSync(reserve).size, size, 'it is made anew');
    await fill();
  }
  t.equal((await run('images', '-aq')).stdout, '');
  const { code, stdout } = await run('system', 'check');
  t.equal(code, 0, stdout);
});

t.test('all at once, in a root that was made without a reserve', needed, async (t) => {
  const { root, run, fill } = await makeDisk(t);
  const reserve = `${root}/reserve`;
  shell(root, 'rm reserve');
  t.equal((await run('images')).code, 0);
  t.ok(existsSync(reserve));
  await fill();
  const { code, stderr } = await run('system', 'prune', '-a', '-f');
  t.equal(code, 0, stderr);
  t.equal((await run('images', '-aq')).stdout + (await run('ps', '-aq')).stdout, '');
  t.ok(existsSync(reserve));
});
