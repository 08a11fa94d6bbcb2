/**
 * Checks images and their names, references both ways: an image's layers are there, a name's image is there.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../base/user-error.ts';
import type { Digest } from '../../oci/digest.ts';
import { namesIn, parseJson } from '../durable.ts';
import { chainOf, isCacheId, textDigest, type ChainId, type ImageId } from '../ids.ts';
import { imageConfigSchema } from '../image-config.ts';
import { parseReference, referenceText } from '../reference.ts';
import type { NamedImage } from '../repositories.ts';
import type { Store } from '../store.ts';
import type { Finding } from './finding.ts';

export async function checkImages(store: Store, layers: ReadonlyMap<ChainId, unknown>): Promise<Finding[]> {
  const directory = store.root.imageDb('content', 'sha256');
  const findings: Finding[] = [];
  for (const name of await namesIn(directory)) {
    const path = join(directory, name);
    if (name.startsWith('.new-')) continue;
    if (!isCacheId(name)) {
      findings.push({ code: 'foreign-file', path, message: 'it is no image' });
      continue;
    }
    const text = await readFile(path, 'utf8');
    if (textDigest(text) !== `sha256:${name}`) {
      findings.push({ code: 'image-digest', path, message: 'its digest is another one than its name' });
      continue;
    }
    findings.push(...checkConfig(path, text, layers));
  }
  return findings;
}

function checkConfig(path: string, text: string, layers: ReadonlyMap<ChainId, unknown>): Finding[] {
  try {
    const config = parseJson(text, imageConfigSchema, path);
    return chainOf(config.rootfs.diff_ids as Digest[])
      .filter((chainId) => !layers.has(chainId))
      .map((chainId) => ({
        code: 'image-layer',
        path,
        message: `its layer ${chainId} is missing or damaged`,
      }));
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return [{ code: 'image-config', path, message: thrown.message }];
  }
}

export async function checkNames(store: Store): Promise<Finding[]> {
  let names: NamedImage[];
  const { path } = store.names;
  try {
    names = await store.names.list();
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return [{ code: 'names-file', path, message: thrown.message }];
  }
  const images = new Set<ImageId>(await store.images.imageIds());
  const findings: Finding[] = [];
  for (const { reference, name, image } of names) {
    const mend = (): Promise<void> => store.names.remove([reference]);
    if (!isName(reference, name)) {
      findings.push({ code: 'name-bad', path, message: `'${reference}' is no name`, mend });
    } else if (!images.has(image)) {
      findings.push({ code: 'name-dangling', path, message: `${reference} names no image`, mend });
    }
  }
  return findings;
}

function isName(reference: string, name: string): boolean {
  try {
    const parsed = parseReference(reference);
    return parsed.name === name && referenceText(parsed) === reference && reference !== name;
  } catch {
    return false;
  }
}
