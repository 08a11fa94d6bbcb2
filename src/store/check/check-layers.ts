/**
 * Checks what is known of layers against itself and against what the driver has: every file of `layerdb` is read as if
 * anybody could have written it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { asDigest, type Digest } from '../../oci/digest.ts';
import { findLine, namesIn } from '../durable.ts';
import { chainIdOf, isCacheId, type CacheId, type ChainId } from '../ids.ts';
import type { Layer } from '../layer-db.ts';
import type { Store } from '../store.ts';
import type { Finding } from './finding.ts';

export interface CheckedLayers {
  /** Those whose files are whole; the size of one may be wrong. */
  readonly sound: ReadonlyMap<ChainId, Layer>;
  readonly findings: Finding[];
}

export async function checkLayers(store: Store): Promise<CheckedLayers> {
  const directory = store.root.layerDb('sha256');
  const findings: Finding[] = [];
  const sound = new Map<ChainId, Layer>();
  const owners = new Map<CacheId, string>();
  const names = await namesIn(directory);
  for (const name of names) {
    const path = join(directory, name);
    if (!isCacheId(name)) {
      findings.push({ code: 'foreign-file', path, message: 'it is no layer' });
      continue;
    }
    const read = await readFiles(path);
    findings.push(...read.findings);
    if (read.layer === undefined) continue;
    const { diffId, parent, cacheId } = read.layer;
    const chainId = `sha256:${name}` as ChainId;
    if (chainIdOf(parent, diffId) !== chainId) {
      const message = 'diff and parent belong to another chain id';
      findings.push({ code: 'layer-chain', path, message });
      continue;
    }
    if (parent !== undefined && !names.includes(parent.slice('sha256:'.length))) {
      findings.push({ code: 'layer-parent', path, message: `its parent ${parent} is missing` });
    }
    if (!store.driver.holds(cacheId)) {
      const message = `what it holds is missing from ${store.driver.directoryOf(cacheId)}`;
      findings.push({ code: 'layer-cache-missing', path, message });
      continue;
    }
    const owner = owners.get(cacheId);
    if (owner !== undefined) {
      findings.push({ code: 'layer-cache-shared', path, message: `${owner} has the same cache id` });
    }
    owners.set(cacheId, path);
    sound.set(chainId, { ...read.layer, chainId });
  }
  return { sound, findings };
}

interface ReadLayer {
  readonly layer: Omit<Layer, 'chainId'> | undefined;
  readonly findings: Finding[];
}

async function readFiles(path: string): Promise<ReadLayer> {
  const findings: Finding[] = [];
  const broken = (file: string, what: string): void => {
    findings.push({ code: `layer-${file}`, path: join(path, file), message: what });
  };
  const digest = async (file: string): Promise<Digest | undefined> => {
    const text = await findLine(join(path, file));
    if (text === undefined) return undefined;
    try {
      return asDigest(text);
    } catch {
      broken(file, 'it holds no digest');
      return undefined;
    }
  };
  const diffId = await digest('diff');
  const hasParent = existsSync(join(path, 'parent'));
  const parent = (await digest('parent')) as ChainId | undefined;
  const content = await digest('content');
  if (diffId === undefined && findings.length === 0) broken('diff', 'it is missing');
  const cacheId = (await findLine(join(path, 'cache-id'))) ?? '';
  if (!isCacheId(cacheId)) broken('cache-id', 'it holds no cache id');
  const sizeText = (await findLine(join(path, 'size'))) ?? '';
  const size = /^\d+$/.test(sizeText) ? Number(sizeText) : -1;
  const isWhole = diffId !== undefined && isCacheId(cacheId) && hasParent === (parent !== undefined);
  return {
    layer: isWhole ? { diffId, parent, cacheId, size, content: content ?? diffId } : undefined,
    findings,
  };
}
