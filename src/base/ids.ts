/**
 * Branded numbers: an id of one kind cannot be passed where another is meant.
 */
declare const brand: unique symbol;
type Branded<Kind extends string> = number & { readonly [brand]: Kind };

/** An open file descriptor of this process. */
export type Fd = Branded<'Fd'>;
/** A node of a file system, as its client knows it; 1 is the root, 0 is none. Never used again. */
export type NodeId = Branded<'NodeId'>;
/** An open file or directory, as its client knows it; 0 is none. */
export type HandleId = Branded<'HandleId'>;

export const rootNodeId = 1 as NodeId;
export const noNodeId = 0 as NodeId;
