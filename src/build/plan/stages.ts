/**
 * The stages of a Dockerfile with what each is based on and takes files from, and which of them a target needs.
 * References to stages go backwards only, so that their order in the file is an order to build them in.
 */
import { UserError } from '../../base/user-error.ts';
import { expandWord } from '../dockerfile/expand-word.ts';
import type { CopyInstruction, FromInstruction, StageInstruction } from '../dockerfile/instruction.ts';
import { findNearest } from '../dockerfile/nearest.ts';
import { parseTriggers, type Dockerfile } from '../dockerfile/parse-dockerfile.ts';
import { at, errorAt, type Place } from '../dockerfile/place.ts';
import type { BuildArgs } from './build-args.ts';
import { checkPlatform, type Platform } from './platform.ts';
import { findMountSource } from './run-mounts.ts';

/** Where files come from: nothing, an earlier stage, an image. */
export type Source =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly name: string };

export interface Stage {
  readonly index: number;
  /** In lower case; undefined without AS. */
  readonly name: string | undefined;
  readonly base: Source;
  /** What `--platform` names. */
  readonly platform: string | undefined;
  readonly from: FromInstruction;
  readonly instructions: readonly StageInstruction[];
}

/** UserError with a place: `blank-image`, and those of expansion. */
export function resolveStages(dockerfile: Dockerfile, args: BuildArgs): Stage[] {
  const variables = { find: (name: string) => args.findGlobal(name) };
  const expand = (word: string) => expandWord(word, { escape: dockerfile.escape, variables });
  for (const instruction of dockerfile.globalArgs) {
    at(instruction.place, () => {
      args.declareGlobal(instruction, expand);
    });
  }
  const stages: Stage[] = [];
  for (const { from, instructions } of dockerfile.stages) {
    const own = at(from.place, () => ({
      base: baseOf(expand(from.image), from, stages),
      platform: from.platform === undefined ? undefined : expand(from.platform),
    }));
    stages.push({ index: stages.length, name: from.name, ...own, from, instructions });
  }
  return stages;
}

/** Of those that are built: others may be for any platform. UserError `foreign-platform` with a place. */
export function checkPlatforms(stages: readonly Stage[], own: Platform): void {
  for (const { platform, from } of stages) {
    if (platform === undefined) continue;
    at(from.place, () => {
      checkPlatform(platform, own);
    });
  }
}

function baseOf(image: string, from: FromInstruction, stages: readonly Stage[]): Source {
  if (image === '') {
    throw new UserError('blank-image', `${from.image} is empty here`, {
      hint: 'give the argument a value before the first FROM (ARG NAME=VALUE), or with --build-arg',
    });
  }
  const lower = image.toLowerCase();
  const stage = stages.findLast(({ name }) => name === lower);
  return stage === undefined ? imageSource(image) : { kind: 'stage', index: stage.index };
}

function imageSource(name: string): Source {
  return name.toLowerCase() === 'scratch' ? { kind: 'scratch' } : { kind: 'image', name };
}

/**
 * What `--from=text` means in the stage of that index: an earlier stage's name or number, or an image. Of several stages of
 * one name it is the last in the file, wherever it stands, as in BuildKit (toCommand in dockerfile2llb). UserError `unknown-stage`, `bad-flag`.
 */
export function sourceOf(text: string, stage: number, stages: readonly Stage[], place: Place): Source {
  if (text.includes('$')) {
    throw errorAt(place, {
      code: 'bad-flag',
      message: `--from=${text}: variables are not expanded here`,
      hint: `write FROM ${text} AS NAME before this stage, and --from=NAME`,
    });
  }
  if (/^\d+$/.test(text)) {
    if (Number(text) < stage) return { kind: 'stage', index: Number(text) };
    throw errorAt(place, {
      code: 'unknown-stage',
      message: `there is no stage ${text} before this one`,
      hint:
        stage === 0 ? 'this is the first stage' : `stages are counted from 0, here to ${String(stage - 1)}`,
    });
  }
  const lower = text.toLowerCase();
  const named = stages.filter(({ name }) => name === lower);
  const last = named.at(-1);
  if (last === undefined) return imageSource(text);
  if (last.index < stage) return { kind: 'stage', index: last.index };
  const earlier = named.findLast(({ index }) => index < stage);
  throw errorAt(place, {
    code: 'unknown-stage',
    message: `the stage ${text} does not come before this one`,
    hint:
      earlier === undefined
        ? 'move it up: stages take files from those above them'
        : `of the stages of that name the last is meant: give it another name, or write --from=${String(earlier.index)}`,
  });
}

/** The stage that `--target` names, by name or number; without it the last. UserError `unknown-target`. */
export function targetStage(stages: readonly Stage[], target: string | undefined): Stage {
  const last = stages.at(-1) as Stage;
  if (target === undefined) return last;
  const lower = target.toLowerCase();
  const found = stages.findLast(({ name, index }) => name === lower || String(index) === target);
  if (found !== undefined) return found;
  const names = stages.flatMap(({ name }) => name ?? []);
  const near = findNearest(lower, names);
  throw new UserError('unknown-target', `the target stage "${target}" is not in the Dockerfile`, {
    hint:
      near !== undefined
        ? `write --target ${near}`
        : names.length === 0
          ? 'no stage has a name: write FROM IMAGE AS NAME'
          : `there are ${names.join(', ')}`,
  });
}

/** What images keep for stages that are based on them, by the indexes of these stages. */
export type ImageTriggers = ReadonlyMap<number, readonly StageInstruction[]>;

/** The target and every stage that it needs, in the order of the file. UserError with a place. */
export function neededStages(
  stages: readonly Stage[],
  target: Stage,
  triggers: ImageTriggers = new Map(),
): Stage[] {
  const needed = new Set<number>();
  const pending = [target.index];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const stage = stages[index];
    if (stage === undefined || needed.has(index)) continue;
    needed.add(index);
    for (const source of [stage.base, ...sourcesIn(stage, stages, triggers)]) {
      if (source.kind === 'stage') pending.push(source.index);
    }
  }
  return stages.filter(({ index }) => needed.has(index));
}

function sourcesIn(stage: Stage, stages: readonly Stage[], triggers: ImageTriggers): Source[] {
  const kept =
    stage.base.kind === 'stage' ? keptBy(stages[stage.base.index]) : (triggers.get(stage.index) ?? []);
  return [...kept, ...stage.instructions].flatMap((instruction) =>
    fromsIn(instruction).map((from) => sourceOf(from, stage.index, stages, instruction.place)),
  );
}

function keptBy(base: Stage | undefined): StageInstruction[] {
  const triggers = (base?.instructions ?? []).flatMap((instruction) =>
    instruction.kind === 'onbuild' ? [instruction.trigger] : [],
  );
  return parseTriggers(triggers, base?.name ?? '');
}

function fromsIn(instruction: StageInstruction): string[] {
  if (instruction.kind === 'run') {
    return instruction.mounts.flatMap((mount) => findMountSource(mount) ?? []);
  }
  const { from } = instruction as Partial<CopyInstruction>;
  return from === undefined ? [] : [from];
}
