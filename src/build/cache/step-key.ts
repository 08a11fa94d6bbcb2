/**
 * The key of a step: a digest over the steps before it, the files that it begins with, and everything else that can
 * make a difference to what it does, each input under a name that a person knows.
 */
import { createHash } from 'node:crypto';
import type { Chain } from '../build-store.ts';

/** `file app.py`, `env PATH`, `command`; values are digests or the thing itself. */
export type StepInputs = ReadonlyMap<string, string>;

export interface StepIdentity {
  /** Of the step before; of the first, what the base is. */
  readonly previous: string;
  /** The topmost layer before the step. */
  readonly parent: Chain | undefined;
  /** `RUN`, `COPY`, ... */
  readonly keyword: string;
  readonly inputs: StepInputs;
}

/** Raise it when what a step does with the same inputs changes, or what is remembered of them. */
export const keyVersion = 6;

export function stepKey({ previous, parent, keyword, inputs }: StepIdentity): string {
  const sorted = [...inputs].sort(([a], [b]) => (a < b ? -1 : 1));
  return hashOf(JSON.stringify([keyVersion, previous, parent ?? '', keyword, sorted]));
}

export function hashOf(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}
