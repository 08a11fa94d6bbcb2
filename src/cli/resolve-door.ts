/**
 * What of the kernel's help is asked for: what was wished, as far as this user and this mount can have it. What
 * the kernel itself lacks is found at INIT (`fuse/kernel/negotiate.ts`).
 */
import { UserError } from '../base/user-error.ts';
import type { LowerFiles } from '../fuse/kernel/session.ts';
import type { Automatic, DoorOptions } from './mount-spec.ts';

export interface ResolvedDoor {
  /** The kernel reads and writes file data itself, where it can. */
  readonly passthrough: boolean;
  /** Without it there is no mount. */
  readonly passthroughRequired: boolean;
  /** What becomes of files of lower layers where others pass through. */
  readonly lowerFiles: LowerFiles;
  /** The kernel keeps written data back, where data does not pass through. */
  readonly writeback: boolean;
  /** The kernel checks access control lists. */
  readonly acl: boolean;
  /** Bytes of one write request, at most; undefined: our limit. */
  readonly maxWrite: number | undefined;
  /** Mounts of it may map owners. */
  readonly idmap: boolean;
  readonly lowLatency: Automatic;
  /** Others change the layers, and this is how old something may be; undefined: nobody does. */
  readonly timeoutSec: number | undefined;
}

export interface DoorFacts {
  /** Root in the first user namespace. */
  readonly privileged: boolean;
  readonly coherence: 'strict' | 'relaxed';
  /** Something may be copied up. */
  readonly hasUpper: boolean;
  readonly readOnly: boolean;
  readonly acl: boolean;
}

/** UserError `no-passthrough` where it was demanded and cannot be had. */
export function resolveDoor(wished: DoorOptions, facts: DoorFacts): ResolvedDoor {
  const { privileged, readOnly } = facts;
  const passthroughRequired = wished.passthrough === 'on';
  if (passthroughRequired && !privileged) {
    throw new UserError('no-passthrough', 'passthrough=on is not possible: only root may have it', {
      hint: 'mount as root outside of user namespaces, or leave it out',
    });
  }
  return {
    passthrough: wished.passthrough !== 'off' && privileged,
    passthroughRequired,
    lowerFiles: lowerFilesOf(facts),
    writeback: wished.writeback && !readOnly,
    acl: facts.acl,
    maxWrite: wished.maxWrite,
    idmap: privileged,
    lowLatency: wished.lowLatency,
    timeoutSec: wished.timeoutSec,
  };
}

function lowerFilesOf({ hasUpper, coherence }: DoorFacts): LowerFiles {
  if (!hasUpper) return 'passed';
  return coherence === 'relaxed' ? 'renewed' : 'cached';
}
