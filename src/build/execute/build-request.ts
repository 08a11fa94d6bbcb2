/**
 * One build as it was asked for, and what its parts share while it runs.
 */
import type { HostFs } from '../../os/host-fs.ts';
import type { BuildStore } from '../build-store.ts';
import type { StepCache } from '../cache/step-cache.ts';
import type { SeenFiles } from '../context/seen-files.ts';
import type { SourceTree } from '../context/source-tree.ts';
import type { RunInstruction } from '../dockerfile/instruction.ts';
import type { Dockerfile } from '../dockerfile/parse-dockerfile.ts';
import type { BuildArgs } from '../plan/build-args.ts';
import type { Platform } from '../plan/platform.ts';
import type { Stage } from '../plan/stages.ts';
import type { Reporter } from './reporter.ts';
import type { StageState } from './stage-state.ts';
import type { StepRunner } from '../../run/step.ts';

/** Where the content of a secret comes from. */
export type SecretSource = { readonly file: string } | { readonly variable: string };

export interface BuildRequest {
  readonly dockerfile: Dockerfile;
  /** Identifies the Dockerfile and its context over builds, for explanations. */
  readonly site: readonly string[];
  /** Undefined where the Dockerfile came alone. */
  readonly context: SourceTree | undefined;
  readonly args: BuildArgs;
  readonly platform: Platform;
  readonly target: string | undefined;
  readonly noCache: boolean;
  readonly labels: ReadonlyMap<string, string>;
  readonly names: readonly string[];
  readonly secrets: ReadonlyMap<string, SecretSource>;
  /** Sockets of agents of ssh, by the ids that mounts name. */
  readonly agents: ReadonlyMap<string, string>;
  /** Of a RUN that names none. */
  readonly network: RunInstruction['network'];
  /** Seconds since 1970: the time of everything that the build makes. */
  readonly timestamp: number | undefined;
}

export interface BuildTools {
  readonly fs: HostFs;
  readonly store: BuildStore;
  readonly runner: StepRunner;
  readonly reporter: Reporter;
  /** Ends the build; its reason is what the build then throws. */
  readonly signal: AbortSignal;
}

/** A part of the context where steps find it, as it was seen for the first of them. */
export interface ShownContext {
  readonly path: string;
  /** Whether it is the context itself, which others may change. */
  readonly isLive: boolean;
  readonly seen: SeenFiles | undefined;
}

/** What the steps of a build share. */
export interface BuildSession extends BuildTools {
  readonly request: BuildRequest;
  readonly cache: StepCache;
  readonly stages: readonly Stage[];
  /** Where parts of the context lie for steps that only read them, by path in it. */
  readonly shownContexts: Map<string, ShownContext>;
  /** A stage that is built already. */
  findState(stage: number): StageState | undefined;
}
