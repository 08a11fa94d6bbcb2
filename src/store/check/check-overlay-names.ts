/**
 * Checks by which names a layer in the overlay format is found: its short name, and the list of those below it. Both follow
 * from the layers, and can be made again.
 */
import { mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OverlayDirs } from '../drivers/overlay-dirs.ts';
import { findLine, writeDurably } from '../durable.ts';
import type { CacheId } from '../ids.ts';
import type { Finding } from './finding.ts';

const linkPattern = /^[A-Z2-7]{26}$/;

/** `actual`: the short name that leads to the layer; undefined where none does. */
export async function checkLink(
  dirs: OverlayDirs,
  id: CacheId,
  actual: string | undefined,
): Promise<Finding[]> {
  const path = join(dirs.directory(id), 'link');
  const link = await findLine(path);
  const isLink = link !== undefined && linkPattern.test(link);
  if (isLink && linkTarget(dirs, link) === `../${id}/diff`) return [];
  if (isLink && linkTarget(dirs, link) === undefined) {
    const mend = (): Promise<void> => {
      mkdirSync(dirs.links(), { recursive: true, mode: 0o710 });
      symlinkSync(`../${id}/diff`, dirs.links(link));
      return Promise.resolve();
    };
    return [
      { code: 'link-missing', path: dirs.links(link), message: 'the short name of a layer is missing', mend },
    ];
  }
  const mend = actual === undefined ? undefined : (): Promise<void> => writeDurably(path, actual);
  return [{ code: 'link-file', path, message: 'it does not hold the short name of this layer', mend }];
}

function linkTarget(dirs: OverlayDirs, link: string): string | undefined {
  try {
    return readlinkSync(dirs.links(link));
  } catch {
    return undefined;
  }
}

/** `expected`: the layers below, from the top. */
export async function checkLower(
  dirs: OverlayDirs,
  cacheId: CacheId,
  expected: readonly CacheId[],
): Promise<Finding[]> {
  const path = join(dirs.directory(cacheId), 'lower');
  const text = await findLine(path);
  const found = (text ?? '').split(':').filter((link) => link !== '');
  const leads = found.map(
    (link) => /\.\.\/([0-9a-f]{64})\/diff$/.exec(linkTarget(dirs, link.slice(2)) ?? '')?.[1],
  );
  if (leads.length === expected.length && leads.every((id, index) => id === expected[index])) return [];
  const [below] = expected;
  const mend = async (): Promise<void> => {
    if (below === undefined) await rm(path, { force: true });
    else
      await writeDurably(
        path,
        (await Promise.all(expected.map(async (id) => `l/${await dirs.getLink(id)}`))).join(':'),
      );
  };
  return [{ code: 'lower-file', path, message: 'it does not name the layers below', mend }];
}
