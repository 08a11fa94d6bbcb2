/**
 * What the harness asks of the process of one trial, and what that answers. Names stand for drivers and workloads;
 * both sides have the same catalogue.
 */
import type { FixtureChoice } from './fixture.ts';

export interface Job {
  /** `fixtures`: makes what the workload starts from, and no more. */
  readonly kind: 'fixtures' | 'trial';
  /** The URL of its module. */
  readonly catalogue: string;
  readonly workload: string;
  /** Of a trial. */
  readonly driver?: string;
  /** Where fixtures and the trial's directories lie. */
  readonly storage: string;
  readonly choice: FixtureChoice;
  /** Whether caches are dropped before the clock runs. */
  readonly cold: boolean;
}

export interface Answer {
  /** Absent where it has no meaning for the driver. */
  readonly figure?: number;
  /** Why it failed. */
  readonly error?: string;
  /** Manifest hashes of the fixtures that were used, by name. */
  readonly fixtures: Readonly<Record<string, string>>;
}
