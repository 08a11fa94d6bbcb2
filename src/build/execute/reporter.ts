/**
 * What a build tells while it runs. It decides nothing about how that looks.
 */
export interface StepLabel {
  /** The name of its stage, or the number; undefined where there is one stage without a name. */
  readonly stage: string | undefined;
  /** From 1. */
  readonly number: number;
  readonly count: number;
  /** The instruction, shortened. */
  readonly text: string;
}

export interface StepResult {
  /** Bytes in the files of its layer. */
  readonly size: number;
  readonly isCached: boolean;
}

export interface Reporter {
  begin(step: StepLabel): void;
  /** Why the step is not taken from the cache. */
  explain(step: StepLabel, reason: string): void;
  output(step: StepLabel, chunk: Buffer): void;
  end(step: StepLabel, result: StepResult): void;
  warn(text: string): void;
}
