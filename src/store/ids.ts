/**
 * The names under which things lie in a data root. A layer is known by its chain id, what its driver keeps of it by
 * a cache id that is drawn by lot: so a layer that is thrown away and made anew never meets its own remains.
 */
import { createHash, randomBytes } from 'node:crypto';
import { UserError } from '../base/user-error.ts';
import type { Digest } from '../oci/digest.ts';

/** Identifies a layer with all that lies below it (OCI image specification, config.md, "Layer ChainID"). */
export type ChainId = Digest & { readonly __kind: 'chain' };
/** The digest of an image's configuration. */
export type ImageId = Digest & { readonly __kind: 'image' };
/** 64 hexadecimal digits: a directory of a storage driver. */
export type CacheId = string & { readonly __brand: 'CacheId' };

/** Of a text in UTF-8. */
export function textDigest(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest;
}

/** Of a layer with this diff id over `parent`; without one, of a layer at the bottom. */
export function chainIdOf(parent: ChainId | undefined, diffId: Digest): ChainId {
  return (parent === undefined ? diffId : textDigest(`${parent} ${diffId}`)) as ChainId;
}

/** Of each layer of an image, from the bottom. */
export function chainOf(diffIds: readonly Digest[]): ChainId[] {
  const chain: ChainId[] = [];
  for (const diffId of diffIds) chain.push(chainIdOf(chain.at(-1), diffId));
  return chain;
}

export function newCacheId(): CacheId {
  return randomBytes(32).toString('hex') as CacheId;
}

export function isCacheId(text: string): text is CacheId {
  return /^[0-9a-f]{64}$/.test(text);
}

/** A digest without its algorithm: the name of a file or directory. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** As tables show it. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

/** Whether `text` can be the beginning of an id, with or without its algorithm. */
export function isIdPrefix(text: string): boolean {
  return /^(sha256:)?[0-9a-f]{1,64}$/.test(text);
}

/**
 * The one of `ids` that begins with `prefix`; undefined where none does. UserError `ambiguous-id` where several do.
 */
export function findByPrefix<Id extends string>(ids: Iterable<Id>, prefix: string): Id | undefined {
  const wanted = prefix.replace(/^sha256:/, '');
  const found = [...ids].filter((id) => id.replace(/^sha256:/, '').startsWith(wanted));
  if (found.length < 2) return found[0];
  throw new UserError('ambiguous-id', `several ids begin with ${prefix}: ${found.map(shortId).join(', ')}`, {
    hint: 'give more of it',
  });
}
