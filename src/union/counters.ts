/**
 * What the union did, for `stats()` and the benchmark. Plain numbers: counting must cost nothing.
 */
import type { CopyResult } from '../os/host-fs.ts';

export class Counters {
  /** Files and directories copied up, with or without data. */
  copyUps = 0;
  /** Of these, files of which only metadata was copied. */
  metacopies = 0;
  /** Bytes of data that were read and written for copy-ups. */
  copiedBytes = 0;
  /** Files whose extents were shared instead. */
  clones = 0;
  /** Lookups that were answered from an index of names. */
  indexHits = 0;
  /** System calls for names in lowers. */
  probes = 0;
  listings = 0;

  /** The numbers as they are now. */
  snapshot(): CounterValues {
    const { copyUps, metacopies, copiedBytes, clones, indexHits, probes, listings } = this;
    return { copyUps, metacopies, copiedBytes, clones, indexHits, probes, listings };
  }

  noteCopied(result: CopyResult): void {
    this.copiedBytes += result.copied;
    if (result.cloned) this.clones += 1;
  }
}

export type CounterValues = Readonly<Omit<Counters, 'snapshot' | 'noteCopied'>>;
