/**
 * Reads a whole Dockerfile: the arguments before the first FROM, then stages, each a FROM and what follows.
 */
import type { Escape } from './expand-word.ts';
import type { ArgInstruction, FromInstruction, Instruction, StageInstruction } from './instruction.ts';
import { findJsonWarning } from './parse-command.ts';
import { parseInstruction } from './parse-instruction.ts';
import { errorAt, placeText } from './place.ts';
import { splitInstructions, type RawInstruction } from './split-instructions.ts';

export interface StageText {
  readonly from: FromInstruction;
  readonly instructions: readonly StageInstruction[];
}

export interface Dockerfile {
  readonly escape: Escape;
  /** `# syntax=`, which is noted and changes nothing. */
  readonly syntax?: string;
  /** Before the first FROM. */
  readonly globalArgs: readonly ArgInstruction[];
  /** At least one. */
  readonly stages: readonly StageText[];
  /** For people; each with its place. */
  readonly warnings: readonly string[];
}

/** `file` is its name in messages. UserError `no-from`, `misplaced-instruction`, and those of instructions. */
export function parseDockerfile(source: string, file: string): Dockerfile {
  const { escape, directives, instructions } = splitInstructions(source, file);
  const globalArgs: ArgInstruction[] = [];
  const stages: { from: FromInstruction; instructions: StageInstruction[] }[] = [];
  const warnings: string[] = [];
  for (const raw of instructions) {
    const instruction = parseInstruction(raw, escape);
    const warning = findWarning(instruction, raw, stages);
    if (warning !== undefined) warnings.push(`${placeText(raw.place)}: ${warning}`);
    const stage = stages.at(-1);
    if (instruction.kind === 'from') stages.push({ from: instruction, instructions: [] });
    else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === 'arg') globalArgs.push(instruction);
    else {
      throw errorAt(raw.place, {
        code: 'misplaced-instruction',
        message: `${raw.keyword} stands before FROM`,
        hint: 'begin with FROM IMAGE, or FROM scratch; only ARG may stand before it',
      });
    }
  }
  if (stages.length === 0) {
    throw errorAt(
      { file, line: 1, text: '' },
      {
        code: 'no-from',
        message: 'there is no FROM in it',
        hint: 'begin with FROM IMAGE, or FROM scratch',
      },
    );
  }
  const syntax = directives.get('syntax');
  return { escape, ...(syntax === undefined ? {} : { syntax }), globalArgs, stages, warnings };
}

/** The instructions that an image keeps for those built on it. The same errors. */
export function parseTriggers(triggers: readonly string[], image: string): StageInstruction[] {
  return triggers.flatMap((trigger) => {
    const { escape, instructions } = splitInstructions(trigger, `ONBUILD of ${image}`);
    return instructions.map((raw) => parseInstruction(raw, escape)).filter((found) => found.kind !== 'from');
  });
}

function findWarning(
  instruction: Instruction,
  raw: RawInstruction,
  stages: readonly { readonly from: FromInstruction }[],
): string | undefined {
  if (instruction.kind !== 'from') return hasJsonForm(instruction) ? findJsonWarning(raw.text) : undefined;
  const { name } = instruction;
  if (name === undefined || !stages.some(({ from }) => from.name === name)) return undefined;
  return `there are two stages named ${name}; from here on FROM means this one, and --from the last everywhere`;
}

function hasJsonForm({ kind }: Instruction): boolean {
  return kind === 'run' || kind === 'cmd' || kind === 'entrypoint' || kind === 'copy' || kind === 'add';
}
