import t from 'tap';
import { StageState } from '../../../src/build/execute/stage-state.ts';
import { parseDockerfile } from '../../../src/build/dockerfile/parse-dockerfile.ts';
import { BuildArgs } from '../../../src/build/plan/build-args.ts';
import { configure, type ConfigInstruction } from '../../../src/build/plan/configure.ts';

/** What `$X` is after the lines, and all that a command would have in its environment. */
function afterwards(text: string, given: Readonly<Record<string, string>> = {}): [string, string[]] {
  const state = StageState.ofImage({ text: '{"config":{"Env":["PATH=/p","X=image"]}}', chain: undefined });
  const args = new BuildArgs(new Map(Object.entries(given)), new Map());
  for (const instruction of parseDockerfile(`FROM x\n${text}`, 'D').stages[0]?.instructions ?? []) {
    if (instruction.kind === 'arg') args.declare(instruction, state.args, (word) => state.expand(word, '\\'));
    else configure(state, instruction as ConfigInstruction, state.expansion('\\'));
  }
  return [state.expand('$X', '\\'), state.environment()];
}

t.test('of ENV and ARG of one name the later counts, and ENV alone stays', async (t) => {
  t.strictSame(afterwards('ARG X=arg'), ['arg', ['PATH=/p', 'X=arg']]);
  t.strictSame(afterwards('ARG X', { X: 'given' }), ['given', ['PATH=/p', 'X=given']]);
  t.strictSame(afterwards('ARG X'), ['image', ['PATH=/p', 'X=image']]);
  t.strictSame(afterwards('ARG X=arg\nENV X=env'), ['env', ['PATH=/p', 'X=env']]);
  t.strictSame(afterwards('ARG X=arg\nENV X=${X}2'), ['arg2', ['PATH=/p', 'X=arg2']]);
  t.strictSame(afterwards('ARG A=1 B=$A\nENV X=$B'), ['1', ['PATH=/p', 'X=1', 'A=1', 'B=1']]);
});

t.test(
  'a stage that is based on it has its variables, and arguments where there is none of the name',
  async (t) => {
    const state = StageState.ofImage({ text: '{"config":{"Env":["PATH=/p","X=image"]}}', chain: undefined });
    for (const name of ['X', 'Y']) state.args.set(name, 'arg');
    t.strictSame(state.environment(), ['PATH=/p', 'X=arg', 'Y=arg']);
    t.strictSame(state.derive().environment(), ['PATH=/p', 'X=image', 'Y=arg']);
    t.equal(state.derive().expand('$X', '\\'), 'image');
  },
);
