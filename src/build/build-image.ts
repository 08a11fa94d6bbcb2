/**
 * `strata build` without its command line: from a Dockerfile and a context to an image. Stages that the target does
 * not need are left out. When a step fails, what was finished before it is kept as an image without a name.
 */
import { StepCache } from './cache/step-cache.ts';
import type { BuildRequest, BuildSession, BuildTools } from './execute/build-request.ts';
import { StageBuild } from './execute/build-stage.ts';
import { findNeededStages } from './execute/needed-stages.ts';
import type { StageState } from './execute/stage-state.ts';
import { checkPlatforms, resolveStages, targetStage } from './plan/stages.ts';

/** The id of the image. UserError with the place of what failed; the exit code of a RUN is its command's. */
export async function buildImage(tools: BuildTools, request: BuildRequest): Promise<string> {
  const { reporter, store } = tools;
  const stages = resolveStages(request.dockerfile, request.args);
  const target = targetStage(stages, request.target);
  const needed = await findNeededStages(store, stages, target);
  checkPlatforms(needed, request.platform);
  const states = new Map<number, StageState>();
  const session: BuildSession = {
    ...tools,
    request,
    cache: new StepCache(store.cacheDirectory),
    stages,
    shownContexts: new Map(),
    findState: (index) => states.get(index),
  };
  for (const warning of request.dockerfile.warnings) reporter.warn(warning);
  let isFinished = false;
  try {
    for (const stage of needed) {
      const base = stage.base.kind === 'stage' ? states.get(stage.base.index) : undefined;
      const build = await StageBuild.begin(session, stage, base);
      states.set(stage.index, build.state);
      await build.run();
    }
    // The last step may have been too far to be ended.
    tools.signal.throwIfAborted();
    isFinished = true;
  } finally {
    // What other stages have made is kept, too: the next build takes it from there.
    for (const [index, state] of states) {
      if (index !== target.index || !isFinished) await keep(tools, request, state);
    }
  }
  const state = states.get(target.index) as StageState;
  for (const [name, value] of request.labels) state.config.Labels = { ...state.config.Labels, [name]: value };
  const unused = request.args.unused();
  if (unused.length > 0) {
    reporter.warn(`build arguments that no ARG declares: ${unused.join(', ')}`);
  }
  return store.addImage(state.imageText(request.platform), request.names);
}

/** Layers stay for as long as an image has them. */
async function keep(
  { store }: BuildTools,
  request: BuildRequest,
  state: StageState | undefined,
): Promise<void> {
  if (state?.hasOwnLayers === true) await store.addImage(state.imageText(request.platform), []);
}
