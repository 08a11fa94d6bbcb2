/**
 * The instructions of a Dockerfile as values. Words are as written, quotes and variables in them: what they
 * stand for is known only when the instruction's turn comes. It knows nothing of stages or files.
 */
import type { Place } from './place.ts';
import type { Heredoc } from './split-instructions.ts';

/** What is to be executed: words as they are, or a text for the shell. */
export type Command =
  | { readonly form: 'exec'; readonly argv: readonly string[] }
  | { readonly form: 'shell'; readonly text: string };

export interface Pair {
  readonly name: string;
  readonly value: string;
}

export interface FromInstruction {
  readonly kind: 'from';
  readonly place: Place;
  readonly image: string;
  readonly platform?: string;
  /** `AS name`, in lower case. */
  readonly name?: string;
}

export interface ArgInstruction {
  readonly kind: 'arg';
  readonly place: Place;
  readonly args: readonly { readonly name: string; readonly value?: string }[];
}

export interface PairsInstruction {
  readonly kind: 'env' | 'label';
  readonly place: Place;
  readonly pairs: readonly Pair[];
}

export interface RunInstruction {
  readonly kind: 'run';
  readonly place: Place;
  readonly command: Command;
  /** A heredoc that is the whole command: a script, which may name its interpreter. */
  readonly script?: Heredoc;
  /** Values of `--mount`. */
  readonly mounts: readonly string[];
  readonly network: 'default' | 'none' | 'host';
}

export interface CopyInstruction {
  readonly kind: 'copy' | 'add';
  readonly place: Place;
  /** A stage's name or number, or an image. */
  readonly from?: string;
  readonly sources: readonly string[];
  /** Files that stand in the Dockerfile; their words are not in `sources`. */
  readonly inline: readonly Heredoc[];
  readonly destination: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly link: boolean;
  readonly parents: boolean;
  readonly exclude: readonly string[];
  readonly checksum?: string;
  /** Whether archives are unpacked; without it, those of ADD that are in the context. */
  readonly unpack?: boolean;
}

export interface TextInstruction {
  readonly kind: 'workdir' | 'user' | 'stopsignal' | 'expose' | 'maintainer';
  readonly place: Place;
  readonly text: string;
}

export interface CommandInstruction {
  readonly kind: 'cmd' | 'entrypoint';
  readonly place: Place;
  readonly command: Command;
}

export interface ListInstruction {
  readonly kind: 'volume' | 'shell';
  readonly place: Place;
  readonly values: readonly string[];
}

/** Times in nanoseconds, as an image's configuration has them; 0 is the default. */
export interface Healthcheck {
  readonly command: Command | 'none';
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

export interface HealthcheckInstruction {
  readonly kind: 'healthcheck';
  readonly place: Place;
  readonly check: Healthcheck;
}

export interface OnbuildInstruction {
  readonly kind: 'onbuild';
  readonly place: Place;
  /** The instruction to come, as it is kept in an image. */
  readonly trigger: string;
}

/** Everything but FROM. */
export type StageInstruction =
  | ArgInstruction
  | PairsInstruction
  | RunInstruction
  | CopyInstruction
  | TextInstruction
  | CommandInstruction
  | ListInstruction
  | HealthcheckInstruction
  | OnbuildInstruction;

export type Instruction = FromInstruction | StageInstruction;
