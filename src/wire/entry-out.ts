/**
 * struct fuse_entry_out: what LOOKUP, everything that creates, and each record of READDIRPLUS answer.
 * Here is its head; the attributes after it are filled in place by whoever knows them.
 */
import { putU64 } from './words.ts';
import type { Ttl } from './ttl.ts';

/** Bytes of struct fuse_entry_out, and where struct fuse_attr (88 bytes) lies in it. */
export const entryOut = { attr: 40, bytes: 128 } as const;

/** Writes the head at `index` (in words); the 88 bytes of attributes are left alone. */
export function putEntryHead(
  words: Uint32Array,
  index: number,
  nodeId: number,
  generation: number,
  entryTtl: Ttl,
  attrTtl: Ttl,
): void {
  putU64(words, index, nodeId);
  putU64(words, index + 2, generation);
  putU64(words, index + 4, entryTtl.sec);
  putU64(words, index + 6, attrTtl.sec);
  words[index + 8] = entryTtl.nsec;
  words[index + 9] = attrTtl.nsec;
}
