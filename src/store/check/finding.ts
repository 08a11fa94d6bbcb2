/** What `system check` finds: a fault in a data root, and how it is mended where that can be. */
export interface Finding {
  /** Stable, for programs: `link-missing`. */
  readonly code: string;
  readonly path: string;
  readonly message: string;
  /**
   * Mends it, losing nothing that could be kept; undefined where nobody can. What is merely left over has no act of
   * its own: it is collected with all else of its kind.
   */
  readonly mend?: (() => Promise<void>) | undefined;
  readonly isLeftover?: boolean;
}

/** A finding as it is printed. */
export type FindingRow = Pick<Finding, 'code' | 'path' | 'message'> & { readonly mendable: boolean };

export function findingRow({ code, path, message, mend, isLeftover }: Finding): FindingRow {
  return { code, path, message, mendable: mend !== undefined || isLeftover === true };
}
