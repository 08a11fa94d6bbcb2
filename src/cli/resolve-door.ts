/**
 * What of the kernel's help is asked for: what was wished, as far as this user and this mount can have it. What
 * the kernel itself lacks is found at INIT (`fuse/kernel/negotiate.ts`).
 */
import { UserError } from '../base/user-error.ts';
import type { LowerFiles } from '../fuse/kernel/session.ts';
import type { Automatic, DoorName, DoorOptions } from './mount-spec.ts';

export interface ResolvedDoor {
  readonly door: DoorName;
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

/** UserError `no-passthrough`, `no-low-latency` where it was demanded and cannot be had. */
export function resolveDoor(wished: DoorOptions, facts: DoorFacts): ResolvedDoor {
  const { privileged, readOnly } = facts;
  if (wished.door === 'libfuse') return libfuseDoor(wished);
  const passthroughRequired = wished.passthrough === 'on';
  if (passthroughRequired && !privileged) {
    throw new UserError('no-passthrough', 'passthrough=on is not possible: only root may have it', {
      hint: 'mount as root outside of user namespaces, or leave it out',
    });
  }
  return {
    door: 'kernel',
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

/** libfuse 2 negotiates nothing of all this (version 7.19 of the protocol). */
function libfuseDoor({ passthrough, lowLatency, timeoutSec }: DoorOptions): ResolvedDoor {
  if (passthrough === 'on' || lowLatency === 'on') {
    const [code, option] =
      passthrough === 'on'
        ? (['no-passthrough', 'passthrough=on'] as const)
        : (['no-low-latency', 'low_latency=on'] as const);
    throw new UserError(code, `${option} is not possible with door=libfuse`, {
      hint: 'leave out the one or the other',
    });
  }
  return {
    door: 'libfuse',
    passthrough: false,
    passthroughRequired: false,
    lowerFiles: 'cached',
    writeback: false,
    acl: false,
    maxWrite: undefined,
    idmap: false,
    lowLatency: 'off',
    timeoutSec,
  };
}

function lowerFilesOf({ hasUpper, coherence }: DoorFacts): LowerFiles {
  if (!hasUpper) return 'passed';
  return coherence === 'relaxed' ? 'renewed' : 'cached';
}
