/**
 * What a stage is so far: its layers, its configuration, its history, the arguments that it has declared. A stage
 * that is based on another begins with a copy.
 */
import type { Chain, LayerFacts } from '../build-store.ts';
import { expandWord, type Escape, type ExpandOptions } from '../dockerfile/expand-word.ts';
import { cutOnce } from '../dockerfile/words.ts';
import { defaultPath, findEnv, setEnv, type ContainerConfig } from '../plan/container-config.ts';
import type { Platform } from '../plan/platform.ts';

interface HistoryEntry {
  readonly created: string;
  readonly created_by: string;
  readonly empty_layer?: true;
}

/** The part of an image's configuration that a build reads (OCI image specification, config.md). */
export interface ImageText {
  readonly created?: string;
  readonly author?: string;
  readonly config?: ContainerConfig | null;
  readonly rootfs?: { readonly diff_ids?: readonly string[] };
  readonly history?: readonly object[] | null;
}

export class StageState {
  config: ContainerConfig = {};
  ownCmd = false;
  author: string | undefined;
  /** The topmost layer. */
  chain: Chain | undefined;
  /** The key of the last step. */
  key = 'scratch';
  /** When its newest part was made; undefined for nothing at all. */
  created: string | undefined;
  /** Those that no later ENV has taken the place of. */
  readonly args = new Map<string, string>();
  readonly #diffIds: string[] = [];
  readonly #history: object[] = [];
  /** Whether it has layers of its own, besides those of its base. */
  hasOwnLayers = false;

  /** FROM scratch: no files, and the PATH that every image has in a build. */
  static ofNothing(): StageState {
    const state = new StageState();
    setEnv(state.config, 'PATH', defaultPath);
    return state;
  }

  static ofImage({ text, chain }: { readonly text: string; readonly chain: Chain | undefined }): StageState {
    const image = JSON.parse(text) as ImageText;
    const state = new StageState();
    state.config = structuredClone(image.config ?? {});
    // As BuildKit does, so that `ENV PATH=/opt/bin:$PATH` adds to something (dockerfile2llb).
    if (findEnv(state.config, 'PATH') === undefined) setEnv(state.config, 'PATH', defaultPath);
    state.author = image.author;
    state.chain = chain;
    state.key = `base ${chain ?? ''}`;
    state.created = image.created;
    state.#diffIds.push(...(image.rootfs?.diff_ids ?? []));
    state.#history.push(...(image.history ?? []));
    return state;
  }

  /** A copy for a stage that is based on this one, in which ENV comes before an earlier ARG (BuildKit: toDispatchState). */
  derive(): StageState {
    const state = new StageState();
    const { author, chain, key, created } = this;
    Object.assign(state, { config: structuredClone(this.config), author, chain, key, created });
    for (const [name, value] of this.args) {
      if (findEnv(this.config, name) === undefined) state.args.set(name, value);
    }
    state.#diffIds.push(...this.#diffIds);
    state.#history.push(...this.#history);
    return state;
  }

  /** How words of the next instruction are expanded. Of ENV and ARG of one name the later counts (BuildKit: dispatchArg). */
  expansion(escape: Escape): ExpandOptions {
    return {
      escape,
      variables: { find: (name) => this.args.get(name) ?? findEnv(this.config, name) },
    };
  }

  expand(word: string, escape: Escape): string {
    return expandWord(word, this.expansion(escape));
  }

  /** What a command finds in its environment, `NAME=VALUE`. */
  environment(): string[] {
    const env = new Map((this.config.Env ?? []).map((entry) => cutOnce(entry, '=') ?? [entry, '']));
    return [...new Map([...env, ...this.args])].map(([name, value]) => `${name}=${value}`);
  }

  /** An instruction that made `layer`, or none. `at`: when. */
  add(createdBy: string, layer: LayerFacts | undefined, at: string | undefined): void {
    this.created = at ?? this.created ?? new Date().toISOString();
    const entry: HistoryEntry = {
      created: this.created,
      created_by: createdBy,
      ...(layer === undefined ? { empty_layer: true } : {}),
    };
    this.#history.push(entry);
    if (layer === undefined) return;
    this.hasOwnLayers = true;
    this.#diffIds.push(layer.diffId);
    this.chain = layer.chain;
  }

  /** The configuration of the image that it is, as JSON. */
  imageText(platform: Platform): string {
    const { author, config, created } = this;
    return JSON.stringify({
      created: created ?? new Date().toISOString(),
      ...(author === undefined ? {} : { author }),
      ...platform,
      config,
      rootfs: { type: 'layers', diff_ids: this.#diffIds },
      history: this.#history,
    });
  }
}
