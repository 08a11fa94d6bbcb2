/**
 * The progress of a build as plain lines on standard error, which is all there is to `--progress=plain`: a line when
 * a step begins, its output, and a line with the size of its layer when it ends.
 */
import type { Reporter, StepLabel, StepResult } from '../build/execute/reporter.ts';
import { sizeText } from './units.ts';

export interface ProgressOptions {
  /** Whether to tell why a step was not cached. */
  readonly explain: boolean;
  readonly write: (text: string | Uint8Array) => void;
}

export class PlainProgress implements Reporter {
  readonly #options: ProgressOptions;
  #startedMs = 0;
  /** Output that lacks the end of its line yet. */
  #isMidLine = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  begin(step: StepLabel): void {
    this.#startedMs = performance.now();
    this.#line(`${prefixOf(step)} ${step.text}`);
  }

  explain(step: StepLabel, reason: string): void {
    if (this.#options.explain) this.#line(`${prefixOf(step)} not cached: ${reason}`);
  }

  output(_step: StepLabel, chunk: Buffer): void {
    this.#options.write(chunk);
    this.#isMidLine = chunk.at(-1) !== 0x0a;
  }

  end(step: StepLabel, { size, isCached }: StepResult): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1);
    const how = isCached ? 'CACHED' : `done in ${seconds}s`;
    this.#line(`${prefixOf(step)} ${how}, ${sizeText(size)}`);
  }

  warn(text: string): void {
    this.#line(`warning: ${text}`);
  }

  #line(text: string): void {
    this.#options.write(`${this.#isMidLine ? '\n' : ''}${text}\n`);
    this.#isMidLine = false;
  }
}

function prefixOf({ stage, number, count }: StepLabel): string {
  return `[${stage === undefined ? '' : `${stage} `}${String(number)}/${String(count)}]`;
}
