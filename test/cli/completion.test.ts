/**
 * Completion as the shells do it: bash and zsh on a terminal with a tab, bash and fish also by what they would offer.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import t from 'tap';
import { completeWords } from '../../src/cli/complete-words.ts';
import { createProgram } from '../../src/cli/program.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStrata, programPath } from './fixtures/strata.ts';

const path = `${dirname(programPath)}${delimiter}${process.env.PATH ?? ''}`;

t.test('what could stand there', async (t) => {
  const program = createProgram();
  const wordsFor = (line: string): string[] =>
    completeWords(program, line.split(' ')).words.map(({ word }) => word);
  const wantedFor = (line: string): readonly string[] => completeWords(program, line.split(' ')).wanted;
  t.ok(wordsFor('').includes('run'));
  t.notOk(wordsFor('').includes('end-run'), 'what is for programs is hidden');
  t.ok(wordsFor('volume ').includes('inspect'));
  t.ok(wordsFor('--root /x volume ').includes('inspect'));
  t.ok(wordsFor('help ').includes('run'));
  t.ok(wordsFor('help volume ').includes('inspect'));
  t.ok(wordsFor('run -').includes('--mount'));
  t.ok(wordsFor('run --rm -').includes('--root'), 'options of the program, too');
  t.notOk(wordsFor('run -').includes('--publish'), 'not what is an error');
  t.strictSame(wordsFor('build --progress '), ['plain', 'auto']);
  t.strictSame(wordsFor('completion '), ['bash', 'zsh', 'fish']);
  for (const [line, wanted] of [
    ['rmi ', ['image']],
    ['rmi a b ', ['image']],
    ['run --rm -e A=1 --name x ', ['image']],
    ['run --name ', []],
    ['run -it --volumes-from ', ['container']],
    ['run -eFOO=w ', ['image']],
    ['run -ite ', []],
    ['run base ', ['file']],
    ['run base ls -', ['file']],
    ['exec ', ['container']],
    ['container stop ', ['container']],
    ['diff ', ['container', 'image']],
    ['inspect a ', ['container', 'image']],
    ['volume rm ', ['volume']],
    ['mount ', ['container', 'image', 'directory']],
    ['umount ', ['directory']],
    ['build -f ', ['file']],
    ['build -t a ', ['directory']],
    ['--root ', ['directory']],
    ['ps ', []],
    ['help rmi ', []],
    ['help run base ', []],
    ['history base ', []],
  ] as const)
    t.strictSame(wantedFor(line), wanted, line);
});

t.test('names come from the data root', needs('root', 'build', 'fuse', 'program:fish'), async (t) => {
  const strata = makeStrata(t);
  strata.get('tag', 'base', 'base:second');
  strata.get('create', '--name', 'first', '-v', 'data:/data', 'base', 'true');
  const env = { ...process.env, PATH: path, STRATA_ROOT: strata.root };
  mkdirSync(`${strata.scratch.path}/here`);
  mkdirSync(`${strata.scratch.path}/here/directory`);
  writeFileSync(`${strata.scratch.path}/here/file`, '');
  const cwd = `${strata.scratch.path}/here`;

  const bash = (line: string): string[] => {
    const script = `
      eval "$(strata completion bash)" || exit 1
      COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:' COMP_LINE=$1 COMP_POINT=\${#1}
      compopt() { :; }
      _strata && printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', line], {
      ...{ env, cwd, encoding: 'utf8' },
    });
    if (status !== 0) throw new Error(stderr);
    return stdout.trim().split('\n').sort();
  };
  t.strictSame(bash('strata rmi '), ['base', 'base:second']);
  t.strictSame(bash('strata rmi base:s'), ['second'], 'bash has ended a word at the colon');
  t.strictSame(bash('strata start f'), ['first']);
  const complete = (root: string): string => strata.get('complete', '--', root, 'start', 'f');
  t.match(complete(`--root=${strata.root}`), /^first\t/m);
  t.notMatch(complete(`--root=${strata.scratch.path}/absent`), /^first\t/m);
  t.strictSame(bash('strata volume rm '), ['data']);
  t.strictSame(bash('strata umount '), ['directory']);
  t.strictSame(bash('strata import '), ['directory', 'file']);
  t.strictSame(bash('strata mount f'), ['first']);
  t.strictSame(bash('strata volume in'), ['inspect']);
  t.strictSame(bash('strata completion '), ['bash', 'fish', 'zsh']);

  const fish = (line: string): string[] => {
    const script = 'strata completion fish | source; complete -C "$argv[1]"';
    const { status, stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script, line], {
      ...{ env: { ...env, HOME: strata.scratch.path }, cwd, encoding: 'utf8' },
    });
    if (status !== 0) throw new Error(stderr);
    return stdout.trim().split('\n').sort();
  };
  t.strictSame(fish('strata start f'), ['first\tcontainer of base']);
  t.strictSame(fish('strata rmi base:'), ['base:second\timage']);
  t.ok(fish('strata vol').some((word) => word.startsWith('volume\t')));
});

t.test('a tab on a terminal', needs('build', 'program:script', 'program:zsh'), async (t) => {
  const scratch = makeScratch(t);
  t.teardown(() => scratch.remove());
  const absent = `${scratch.path}/absent`;
  for (const [shell, first] of [
    ['bash --norc --noprofile -i', 'eval "$(strata completion bash)"'],
    ['zsh -f -i', 'autoload -Uz compinit; compinit -u -D; eval "$(strata completion zsh)"'],
  ] as const) {
    const child = spawn('script', ['-qec', shell, '/dev/null'], {
      env: { ...process.env, PATH: path, STRATA_ROOT: absent, TERM: 'dumb', HISTFILE: '/dev/null' },
      stdio: ['pipe', 'pipe', 'inherit'],
      cwd: scratch.path,
    });
    let shown = '';
    child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    // A tab completes the only command that begins so; what the line then prints tells that it did.
    child.stdin.write(`${first}\nstrata compl\tfi\t | head -1; exit\n`);
    await once(child, 'close');
    t.match(shown, /# fish completion of strata/, `${shell}: ${shown}`);
    t.notOk(existsSync(absent), 'no data root is made');
  }
});
