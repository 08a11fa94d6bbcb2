/**
 * Builds one stage: begins with its base, goes through its instructions, takes from the cache what is there, and
 * does the rest. Every error gets the place of its instruction.
 */
import { posix } from 'node:path';
import { FsError } from '../../base/fs-error.ts';
import { nameFromText, nameToText, type Name } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { InRoot, rootOwner, type Owner } from '../../os/in-root.ts';
import { lookUpAccount } from '../../run/accounts.ts';
import type { LayerFacts, StoredImage } from '../build-store.ts';
import { explainMiss } from '../cache/explain.ts';
import { stepKey } from '../cache/step-key.ts';
import type { StageInstruction } from '../dockerfile/instruction.ts';
import { parseTriggers } from '../dockerfile/parse-dockerfile.ts';
import { errorAt, placedError, type Fault, type Place } from '../dockerfile/place.ts';
import { configure } from '../plan/configure.ts';
import type { Stage } from '../plan/stages.ts';
import type { BuildSession } from './build-request.ts';
import { copyStep } from './copy-step.ts';
import type { StepLabel } from './reporter.ts';
import { runStep } from './run-step.ts';
import { getImage } from './source-chain.ts';
import { StageState } from './stage-state.ts';
import type { Step } from './step.ts';
import { openTargetDirectory } from './target-directory.ts';

export class StageBuild {
  /** As far as it has come; of use also when an instruction fails. */
  readonly state: StageState;
  readonly #session: BuildSession;
  readonly #stage: Stage;

  private constructor(session: BuildSession, stage: Stage, state: StageState) {
    this.#session = session;
    this.#stage = stage;
    this.state = state;
  }

  /** `base`: what the stage that this one is based on has become. UserError `no-such-image`, with its place. */
  static async begin(session: BuildSession, stage: Stage, base: StageState | undefined): Promise<StageBuild> {
    const source = stage.base;
    if (base !== undefined) return new StageBuild(session, stage, base.derive());
    if (source.kind !== 'image') return new StageBuild(session, stage, StageState.ofNothing());
    const image = await placed(stage.from.place, () => baseImage(session, source.name));
    return new StageBuild(session, stage, StageState.ofImage(image));
  }

  /** UserError with a place. */
  async run(): Promise<void> {
    const { from } = this.#stage;
    const instructions = [...this.#takeTriggers(), ...this.#stage.instructions];
    const count = instructions.length + 1;
    const { reporter } = this.#session;
    const first = this.#label(1, count, from.place);
    reporter.begin(first);
    reporter.end(first, { size: 0, isCached: false });
    for (const [index, instruction] of instructions.entries()) {
      const label = this.#label(index + 2, count, instruction.place);
      await placed(instruction.place, () => this.#build(instruction, label));
    }
  }

  /** What the base, an image or a stage, has kept for those built on it. */
  #takeTriggers(): StageInstruction[] {
    const { config } = this.state;
    if (config.OnBuild === undefined) return [];
    const triggers = parseTriggers(config.OnBuild, this.#stage.from.image);
    delete config.OnBuild;
    return triggers;
  }

  async #build(instruction: StageInstruction, label: StepLabel): Promise<void> {
    const { reporter, request, signal } = this.#session;
    const { escape } = request.dockerfile;
    const { state } = this;
    signal.throwIfAborted();
    reporter.begin(label);
    const place = { stage: this.#stage, state };
    switch (instruction.kind) {
      case 'arg':
        request.args.declare(instruction, state.args, (word) => state.expand(word, escape));
        state.add(`ARG ${instruction.args.map(({ name }) => name).join(' ')}`, undefined, this.#time());
        break;
      case 'run':
        return this.#perform(
          await runStep(this.#session, place, instruction, (chunk) => {
            reporter.output(label, chunk);
          }),
          label,
        );
      case 'copy':
      case 'add':
        return this.#perform(await copyStep(this.#session, place, instruction), label);
      default: {
        const createdBy = configure(state, instruction, state.expansion(escape));
        if (instruction.kind === 'workdir') return this.#perform(this.#workdirStep(createdBy), label);
        state.add(createdBy, undefined, this.#time());
      }
    }
    reporter.end(label, { size: 0, isCached: false });
  }

  /** What is missing is made, and belongs to USER (BuildKit: dispatchWorkdir in dockerfile2llb). */
  #workdirStep(createdBy: string): Step {
    const { WorkingDir: path = '/', User: user = '' } = this.state.config;
    const { fs } = this.#session;
    return {
      ...{ keyword: 'WORKDIR', createdBy, change: {} },
      inputs: new Map([['path', path], ...(user === '' ? [] : [['USER', user] as const])]),
      act: (root) => {
        const tree = new InRoot(root);
        try {
          const owner = ownerOf(tree, user);
          fs.close(openTargetDirectory(tree, nameFromText(posix.normalize(path)), owner).directory);
        } finally {
          tree.close();
        }
        return Promise.resolve();
      },
    };
  }

  /** Takes the step's layer from the cache, or makes it. */
  async #perform(step: Step, label: StepLabel): Promise<void> {
    const { cache, reporter, request } = this.#session;
    const { state } = this;
    const { timestamp } = request;
    const inputs = new Map([
      ...step.inputs,
      ...(timestamp === undefined ? [] : [['timestamp', String(timestamp)] as const]),
    ]);
    const identity = { previous: state.key, parent: state.chain, keyword: step.keyword, inputs };
    const key = stepKey(identity);
    const site = [...request.site, this.#stage.index, label.number];
    const cached = request.noCache ? undefined : await this.#findCached(key);
    if (cached === undefined) {
      const before = cache.findSite(site);
      const reason = request.noCache
        ? 'the build was asked to use no cache'
        : explainMiss(before, { ...identity, key, text: label.text });
      reporter.explain(label, reason);
    }
    const done = cached ?? (await this.#make(step, label, key));
    if (done.isKept) cache.recordSite(site, key, label.text, identity);
    state.add(step.createdBy, done.layer, done.created);
    state.key = key;
    reporter.end(label, { size: done.layer?.size ?? 0, isCached: cached !== undefined });
  }

  async #findCached(key: string): Promise<Made | undefined> {
    const record = this.#session.cache.findStep(key);
    if (record === undefined) return undefined;
    if (record.layer === null) return { layer: undefined, created: record.created, isKept: true };
    const layer = await this.#session.store.findLayer(record.layer);
    return layer === undefined ? undefined : { layer, created: record.created, isKept: true };
  }

  /** What was made of other files than its key says is recorded under none. */
  async #make(step: Step, label: StepLabel, key: string): Promise<Made> {
    const { cache, reporter, request, signal, store } = this.#session;
    const { timestamp } = request;
    const layer = await store.change(
      { parent: this.state.chain, title: `build: ${label.text}`, timestamp, ...step.change },
      async (root) => {
        await step.act(root);
        signal.throwIfAborted();
      },
    );
    const created = this.#time() ?? new Date().toISOString();
    const change = step.findChange?.();
    if (change === undefined) cache.recordStep(key, { layer: layer?.chain ?? null, created });
    else reporter.warn(changeText(label, change));
    return { layer, created, isKept: change === undefined };
  }

  /** What the build was told to write for its time. */
  #time(): string | undefined {
    const { timestamp } = this.#session.request;
    return timestamp === undefined ? undefined : new Date(timestamp * 1000).toISOString();
  }

  #label(number: number, count: number, place: Place): StepLabel {
    const { name, index } = this.#stage;
    const isAlone = this.#session.stages.length === 1;
    return { stage: name ?? (isAlone ? undefined : String(index)), number, count, text: place.text };
  }
}

interface Made {
  readonly layer: LayerFacts | undefined;
  readonly created: string;
  /** Whether the cache has it. */
  readonly isKept: boolean;
}

function changeText({ text }: StepLabel, path: Name): string {
  const file = path === '' ? 'the context' : nameToText(path);
  return `${file} changed while "${text}" used it: the next build does that step again`;
}

/** UserError `no-such-image`, `bad-name` with the corrected line. */
async function baseImage({ store }: BuildSession, name: string): Promise<StoredImage> {
  try {
    return await getImage(store, name);
  } catch (error) {
    const isCase = name !== name.toLowerCase();
    if (!(error instanceof UserError) || error.code !== 'bad-name' || !isCase) throw error;
    throw new UserError(error.code, `'${name}' is not a name of an image (names are in lower case)`, {
      hint: `write FROM ${name.toLowerCase()}`,
      cause: error,
    });
  }
}

async function placed<T>(place: Place, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof UserError) throw placedError(place, error);
    if (error instanceof FsError) throw errorAt(place, refusalOf(error));
    throw error;
  }
}

/** The code stays: who asks for that of a full disk says what to do. */
function refusalOf(error: FsError): Fault {
  const { code, message } = error;
  const hint = code === 'ENAMETOOLONG' ? 'names have 255 bytes at most, paths 4095' : undefined;
  return { code, message, hint, cause: error };
}

/** root for a user that the image does not know (yet): only a RUN needs more. */
function ownerOf(tree: InRoot, user: string): Owner {
  if (user === '') return rootOwner;
  try {
    return lookUpAccount(tree, user);
  } catch (error) {
    if (error instanceof UserError && error.code === 'no-such-user') return rootOwner;
    throw error;
  }
}
