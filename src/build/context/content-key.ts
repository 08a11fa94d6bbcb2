/**
 * What of a tree's files makes a difference to a step that copies them: path, type, mode, owner, link target,
 * content, extended attributes. Times make none: a fresh checkout is the same context. A key is a digest over all
 * of it; the list behind it says which file has changed.
 */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fd } from '../../base/ids.ts';
import { asName, nameToExactText, type Name } from '../../base/name.ts';
import { O_RDONLY, S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../os/constants.ts';
import { st, type HostFs } from '../../os/host-fs.ts';
import { factsOf, FirstNames, isCarried } from '../../run/copy-object.ts';
import { LoopTurns } from '../loop-turns.ts';
import type { IgnoreRules } from './ignore-rules.ts';
import type { SeenFiles } from './seen-files.ts';
import type { Entry, Found, SourceTree } from './source-tree.ts';

/** Whether owners count: those of a context do not, since what is copied from it belongs to root. */
export type OwnerRule = 'kept' | 'ignored';

const self = asName('');
const chunkSize = 1 << 20;
/** Twice that of the slowest kernel (CONFIG_HZ=100). */
const tickMs = 20;

interface Reading {
  readonly fs: HostFs;
  readonly owners: OwnerRule;
  readonly buffer: Buffer;
  readonly turns: LoopTurns;
}

export interface FactOptions {
  readonly owners: OwnerRule;
  readonly rules: IgnoreRules;
  /** Directories that count, too, each without what is in it. */
  readonly above?: readonly Name[];
  /** Is told of each object before it is read; for a tree that others may change. */
  readonly seen?: SeenFiles | undefined;
  /** By what was seen before, of this tree: which names are one file is in what a copy makes. */
  readonly links?: FirstNames<Name>;
  readonly signal: AbortSignal;
}

/**
 * For each object below what was found, its path (as exact text) and a digest of all that counts. Rejects with the
 * reason of `signal`.
 */
export async function contentFacts(
  fs: HostFs,
  tree: SourceTree,
  found: Found,
  { owners, rules, above = [], seen, links = new FirstNames(fs), signal }: FactOptions,
): Promise<[path: string, digest: string][]> {
  const turns = new LoopTurns(signal);
  const reading = { fs, owners, buffer: Buffer.allocUnsafe(chunkSize), turns };
  const facts: [string, string][] = [];
  for (const { path, relative } of objectsOf(tree, found, above, rules)) {
    await turns.take();
    const fd = tree.findObject(path, relative === '');
    if (fd === undefined) continue;
    try {
      const stat = factsOf(fs, fd);
      seen?.note(path, relative === '', stat);
      if (seen !== undefined) await outlastTick(stat, signal);
      const digest = await objectDigest(reading, fd, stat);
      const first = isDirectory(stat) ? undefined : links.find(fd, stat);
      if (!isDirectory(stat) && first === undefined) links.keep(fd, stat, path);
      const link = first === undefined ? '' : ` is ${nameToExactText(first)}`;
      facts.push([
        nameToExactText(path === '' ? '.' : path),
        `${digest} ${nameToExactText(relative)}${link}`,
      ]);
    } finally {
      fs.close(fd);
    }
  }
  return facts;
}

function* objectsOf(
  tree: SourceTree,
  found: Found,
  above: readonly Name[],
  rules: IgnoreRules,
): Generator<Pick<Entry, 'path' | 'relative'>> {
  for (const path of above) yield { path, relative: self };
  yield* tree.walk(found, rules);
}

function isDirectory(stat: Float64Array): boolean {
  return ((stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
}

/** A second change within one tick of the clock that files have their times from would leave these as they are. */
async function outlastTick(stat: Float64Array, signal: AbortSignal): Promise<void> {
  const ageMs = Date.now() - (stat[st.ctimeSec] ?? 0) * 1000 - (stat[st.ctimeNsec] ?? 0) / 1e6;
  // The clock is read in whole milliseconds.
  if (ageMs <= -1 || ageMs >= tickMs) return;
  await delay(tickMs, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}

async function objectDigest(
  { fs, owners, buffer, turns }: Reading,
  fd: Fd,
  stat: Float64Array,
): Promise<string> {
  const mode = stat[st.mode] ?? 0;
  const type = mode & S_IFMT;
  const hash = createHash('sha256');
  hash.update(`${mode.toString(8)} `);
  if (owners === 'kept') hash.update(`${String(stat[st.uid])}:${String(stat[st.gid])} `);
  if (type === S_IFCHR || type === S_IFBLK) hash.update(`${String(stat[st.rdev])} `);
  for (const attribute of fs.listXattrs(fd, self).filter(isCarried).sort()) {
    const value = fs.findXattr(fd, self, attribute);
    if (value === undefined) continue;
    hash.update(`${attribute}=${String(value.length)}:`, 'latin1').update(value);
  }
  hash.update('\0');
  if (type === S_IFLNK) hash.update(fs.readlinkat(fd, self), 'latin1');
  if (type === S_IFREG) {
    const file = fs.reopen(fd, O_RDONLY);
    try {
      for (let size = 1; size > 0;) {
        await turns.take();
        size = readSync(file, buffer, 0, buffer.length, null);
        hash.update(buffer.subarray(0, size));
      }
    } finally {
      fs.close(file);
    }
  }
  return hash.digest('hex');
}
