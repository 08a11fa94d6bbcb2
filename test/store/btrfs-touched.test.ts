/**
 * What btrfs tells of a snapshot, against a comparison of everything: the changes found are the same, and nothing else
 * is looked at.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { findTouched, pathsIn } from '../../src/store/drivers/btrfs-touched.ts';
import { treeChanges } from '../../src/store/drivers/tree-changes.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage, mountBtrfs, shell } from './fixtures/stage.ts';

const seed = Number(process.env.STRATA_SEED ?? String(Date.now() % 100_000));
const rounds = 12;

const base = `
  for one in a b c d; do
    mkdir -p $one/a/b $one/c; for two in a/a a/c a/b/a b d; do echo $one$two > $one/$two; done
  done
  mkdir -p still/deep; echo x > still/deep/file; ln -s a link
`;

/** Operations at random places; one that is not possible there changes nothing. */
const atRandom = `
  RANDOM=$SEED
  name() { local names=(a b c d); echo \${names[RANDOM % 4]}; }
  path() { case $((RANDOM % 3)) in 0) name ;; 1) echo $(name)/$(name) ;; 2) echo $(name)/$(name)/$(name) ;; esac; }
  for i in {1..60}; do
    one=$(path) two=$(path)
    case $((RANDOM % 9)) in
      0) rm -rf $one ;;
      1) mkdir -p $one ;;
      2) echo $RANDOM > $one ;;
      3) echo $RANDOM >> $one ;;
      4) mv -T $one $two ;;
      5) chmod 7$((RANDOM % 8))$((RANDOM % 8)) $one ;;
      6) chown -h $((RANDOM % 3)) $one ;;
      7) ln -s $two $one ;;
      8) setfattr -n user.x -v $RANDOM $one ;;
    esac 2>/dev/null || :
  done
`;

interface Disk {
  readonly before: string;
  readonly after: string;
  readonly scratch: string;
}

/** Two subvolumes on a new btrfs: one made by `base`, and a snapshot of it changed by `script`. */
function makeDisk(t: Test): (script: string, env?: NodeJS.ProcessEnv) => Disk {
  const stage = makeStage(t);
  const disk = mountBtrfs(stage);
  const before = join(disk, 'from');
  execFileSync('btrfs', ['-q', 'subvolume', 'create', before]);
  shell(before, base);
  let made = 0;
  return (script, env = {}) => {
    const id = String(made++);
    const [after, scratch] = [join(disk, id), join(disk, `scratch${id}`)];
    execFileSync('btrfs', ['-q', 'subvolume', 'snapshot', before, after]);
    execFileSync('/bin/bash', ['-euc', script], { cwd: after, env: { ...process.env, ...env } });
    mkdirSync(scratch);
    return { before, after, scratch };
  };
}

const btrfs = needs('root', 'program:mkfs.btrfs', 'program:btrfs');

t.test('the same changes as by looking at everything', btrfs, async (t) => {
  const change = makeDisk(t);
  t.comment(`STRATA_SEED=${String(seed)}`);
  const scripts = {
    nothing: ':',
    'files and directories': 'echo x >> a/b; rm -r b; mv c e; mkdir c; echo new > c/b; chmod 700 d/a',
    'two directories exchanged': 'mv a x; mv b a; mv x b',
    'a directory in place of a file, and a link of a directory':
      'rm a/b; mkdir a/b; rm -r b/a; ln -s ../c b/a',
    'deep down': 'mv a/a/b c/c/moved; echo x > c/c/moved/a; setfattr -n user.x -v 1 d/a/b/a',
    'odd names': `echo x > $'n\\xff \\n\\t"q\\\\z'; mkdir $'\\001 d'; mv still/deep/file $'\\001 d/ f '; echo > ünï`,
    ...Object.fromEntries(
      Array.from({ length: rounds }, (_, round) => [`at random, ${String(round)}`, atRandom] as const),
    ),
  };
  for (const [index, [what, script]] of Object.entries(scripts).entries()) {
    const { before, after, scratch } = change(script, { SEED: String(seed + index) });
    const touched = await findTouched(before, after, scratch);
    t.strictSame(await treeChanges(before, after, touched), await treeChanges(before, after), what);
    if (what !== 'odd names') t.equal(touched?.has('still' as never), false, 'it is not looked at');
    t.strictSame(readdirSync(scratch), [], 'no snapshot is left');
  }
});

t.test('all names of a file that was changed by one of them', btrfs, async (t) => {
  const { before, scratch, after } = makeDisk(t)('ln a/b still/other');
  t.strictSame(
    (await treeChanges(before, after, await findTouched(before, after, scratch))).map(({ path }) => path),
    ['still', 'still/other'],
  );
  const linked = join(after, '../linked');
  execFileSync('btrfs', ['-q', 'subvolume', 'snapshot', after, linked]);
  shell(linked, 'chmod 600 a/b');
  t.strictSame(
    (await treeChanges(after, linked, await findTouched(after, linked, scratch))).map(({ path }) => path),
    ['a', 'a/b', 'still', 'still/other'],
  );
});

t.test('lines of btrfs receive --dump', (t) => {
  const lines: Readonly<Record<string, readonly string[]>> = {
    'utimes          ./b/                        atime=2026-11-27T07:48:56+0000': [''],
    'unlink          ./b/d1/f2 ': ['d1/f2'],
    'rename          ./b/o271-8-0                dest=./b/d\\ 2': ['o271-8-0', 'd 2'],
    'link            ./b/\\303\\274/more          dest=d1/f1': ['\u00c3\u00bc/more', 'd1/f1'],
    'mkfile          ./b/a\\n\\\\303': ['a\n\\303'],
    'symlink         ./b/l                       dest=./b': ['l', ''],
  };
  for (const [line, paths] of Object.entries(lines)) t.strictSame(pathsIn(line, './b'), paths, line);
  t.end();
});
