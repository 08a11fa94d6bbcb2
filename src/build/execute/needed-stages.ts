/**
 * Which stages a build needs, also for what the images that they are based on keep for them (ONBUILD).
 */
import { UserError } from '../../base/user-error.ts';
import type { BuildStore } from '../build-store.ts';
import type { StageInstruction } from '../dockerfile/instruction.ts';
import { parseTriggers } from '../dockerfile/parse-dockerfile.ts';
import { neededStages, type Source, type Stage } from '../plan/stages.ts';
import { getImage } from './source-chain.ts';
import type { ImageText } from './stage-state.ts';

/** In the order of the file. UserError with a place. */
export async function findNeededStages(
  store: BuildStore,
  stages: readonly Stage[],
  target: Stage,
): Promise<Stage[]> {
  const triggers = new Map<number, readonly StageInstruction[]>();
  for (;;) {
    const needed = neededStages(stages, target, triggers);
    const unread = needed.filter(({ index }) => !triggers.has(index));
    if (unread.length === 0) return needed;
    for (const { index, base } of unread) triggers.set(index, await triggersOf(store, base));
  }
}

async function triggersOf(store: BuildStore, base: Source): Promise<readonly StageInstruction[]> {
  if (base.kind !== 'image') return [];
  try {
    const { config } = JSON.parse((await getImage(store, base.name)).text) as ImageText;
    return parseTriggers(config?.OnBuild ?? [], base.name);
  } catch (error) {
    // That it is not there is said when the turn of the stage comes.
    if (error instanceof UserError) return [];
    throw error;
  }
}
