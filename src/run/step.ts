/**
 * A command of a build: what it is given, and what whoever builds may ask of the one that runs it. Nothing here
 * knows of runtimes.
 */

/** A mount in the container, over what the root has there. */
export type StepMount =
  | { readonly type: 'bind'; readonly source: string; readonly target: string; readonly writable: boolean }
  /** A file that there is for the command alone, read-only. What it holds is not written to a disk. */
  | {
      readonly type: 'file';
      readonly content: string | Uint8Array;
      readonly target: string;
      /** Permission bits. */
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | {
      readonly type: 'tmpfs';
      readonly target: string;
      readonly size: number | undefined;
      readonly writable: boolean;
    };

/**
 * Permission bits of a tmpfs where nothing was. A runtime may prefer those of the directory that it is mounted on: one that
 * is made for it has them, too.
 */
export const tmpfsMode = 0o1777;

export interface StepCommand {
  /** A mounted tree, absolute; the step changes it. */
  readonly root: string;
  /** At least one word; a program without a slash is looked for in PATH of `env`. */
  readonly argv: readonly string[];
  /** `NAME=VALUE`. */
  readonly env: readonly string[];
  /** Absolute; it exists. */
  readonly cwd: string;
  /** `USER[:GROUP]` as USER has it, looked up in the root; empty for root. */
  readonly user: string;
  readonly mounts: readonly StepMount[];
  readonly network: 'default' | 'none' | 'host';
  /** Standard output and error, as they come. */
  readonly onOutput: (chunk: Buffer) => void;
  readonly signal?: AbortSignal;
}

export interface StepRunner {
  /** Places in the root that `run` mounts something on by itself; they must exist. */
  readonly mountPoints: readonly { readonly path: string; readonly kind: 'directory' | 'file' }[];
  /**
   * Runs a command to its end; answers its exit status, 128 + n for signal n. UserError where it cannot be
   * started: `command-not-found` with exit code 127, `no-such-user`, `no-runtime`.
   */
  run(command: StepCommand): Promise<number>;
}
