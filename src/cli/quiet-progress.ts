/** A build that says nothing (`--quiet`), unless it fails: then what its last step has said, or the end of that. */
import type { Reporter, StepLabel, StepResult } from '../build/execute/reporter.ts';
import { PlainProgress, type ProgressOptions } from './build-progress.ts';

const keptBytes = 1 << 20;

export class QuietProgress implements Reporter {
  readonly #write: ProgressOptions['write'];
  readonly #plain: PlainProgress;
  #kept: Buffer[] = [];
  #bytes = 0;

  constructor({ explain, write }: ProgressOptions) {
    this.#write = write;
    this.#plain = new PlainProgress({
      explain,
      write: (text) => {
        this.#keep(Buffer.from(text));
      },
    });
  }

  begin(step: StepLabel): void {
    this.#forget();
    this.#plain.begin(step);
  }

  explain(step: StepLabel, reason: string): void {
    this.#plain.explain(step, reason);
  }

  output(step: StepLabel, chunk: Buffer): void {
    this.#plain.output(step, chunk);
  }

  end(step: StepLabel, result: StepResult): void {
    this.#plain.end(step, result);
    this.#forget();
  }

  warn(): void {
    // The build goes on, and so does who asked to hear nothing of it.
  }

  /** The build has failed. */
  tell(): void {
    for (const text of this.#kept) this.#write(text);
    this.#forget();
  }

  #keep(text: Buffer): void {
    this.#kept.push(text);
    this.#bytes += text.length;
    while (this.#bytes > keptBytes && this.#kept.length > 1) this.#bytes -= this.#kept.shift()?.length ?? 0;
  }

  #forget(): void {
    this.#kept = [];
    this.#bytes = 0;
  }
}
