/**
 * Names of content by its SHA-256, the one algorithm that is written and read here. A diff id is the digest
 * of the exact bytes of a layer's uncompressed tar (OCI image specification, config.md, "rootfs").
 */
import type { Hash } from 'node:crypto';
import { UserError } from '../base/user-error.ts';

/** `sha256:` and 64 hex digits in lower case. */
export type Digest = string & { readonly __brand: 'Digest' };

const form = /^sha256:[0-9a-f]{64}$/;

/** `text` as a digest. Throws UserError `bad-digest`. */
export function asDigest(text: string): Digest {
  if (!form.test(text)) {
    throw new UserError('bad-digest', `${JSON.stringify(text)} is no digest`, {
      hint: 'a digest is sha256: and 64 hex digits in lower case',
    });
  }
  return text as Digest;
}

/** What a finished SHA-256 says; the hash cannot be used any more. */
export function digestOf(sha256: Hash): Digest {
  return `sha256:${sha256.digest('hex')}` as Digest;
}
