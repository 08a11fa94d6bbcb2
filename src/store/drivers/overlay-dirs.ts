/**
 * How `strata` and `overlay2` lay out a layer, which is how Docker's overlay2 does: `overlay2/<cache-id>/` with `diff`
 * (the changes), `link` (a short name of it), `lower` (the short names of all below, from the top), `work`, `merged`
 * (where it is mounted), and `committed` once it is filled; `overlay2/l/<short name>` leads to `diff`.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, symlinkSync, utimesSync } from 'node:fs';
import { readlink, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asName } from '../../base/name.ts';
import { aclAccess, aclDefault } from '../../layer/acl.ts';
import { copyXattrs } from '../../layer/attributes.ts';
import { overlayNames } from '../../layer/xattr-names.ts';
import { st } from '../../os/host-fs.ts';
import type { DataRoot } from '../data-root.ts';
import { brokenFile, findLine, namesIn, syncDirectory, writeDurably } from '../durable.ts';
import { isCacheId, type CacheId } from '../ids.ts';
import { removeDirectory } from '../remove-directory.ts';
import { createToolFs, withDirectories } from '../tool-fs.ts';

const self = asName('');

/** 26 characters, as Docker's. */
function newLink(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return Array.from(randomBytes(26), (byte) => alphabet[byte % 32]).join('');
}

export class OverlayDirs {
  readonly base: string;

  constructor(root: DataRoot) {
    this.base = root.at('overlay2');
  }

  directory(id: CacheId): string {
    return join(this.base, id);
  }

  diff(id: CacheId): string {
    return join(this.base, id, 'diff');
  }

  work(id: CacheId): string {
    return join(this.base, id, 'work');
  }

  merged(id: CacheId): string {
    return join(this.base, id, 'merged');
  }

  links(...names: readonly string[]): string {
    return join(this.base, 'l', ...names);
  }

  /** Makes an empty layer; its root looks like that of `parent`. */
  async make(id: CacheId, parent: CacheId | undefined): Promise<void> {
    mkdirSync(this.links(), { recursive: true, mode: 0o710 });
    mkdirSync(this.directory(id), { mode: 0o710 });
    const lower = parent === undefined ? undefined : await this.lowerText(parent);
    mkdirSync(this.diff(id), { mode: 0o755 });
    mkdirSync(this.work(id), { mode: 0o700 });
    if (parent === undefined) utimesSync(this.diff(id), 0, 0);
    else await copyRoot(this.diff(parent), this.diff(id));
    const link = newLink();
    symlinkSync(linkTarget(id), this.links(link));
    await writeDurably(join(this.directory(id), 'link'), link);
    if (lower !== undefined) await writeDurably(join(this.directory(id), 'lower'), lower);
    await syncDirectory(this.base);
  }

  /**
   * Makes the work directory of a layer that is there where it is missing: it is empty most of the time, and a copy of the data
   * root may have been made by a program that leaves out what is. ENOENT where the layer is gone.
   */
  restoreWork(id: CacheId): void {
    if (!existsSync(this.work(id))) mkdirSync(this.work(id), { mode: 0o700 });
  }

  /** The content of `lower` for a layer over `parent`. */
  async lowerText(parent: CacheId): Promise<string> {
    const below = await findLine(join(this.directory(parent), 'lower'));
    return [`l/${await this.getLink(parent)}`, ...(below === undefined ? [] : [below])].join(':');
  }

  /** Every directory below a layer, from the top, by its short name. */
  async lowers(id: CacheId): Promise<string[]> {
    const text = await findLine(join(this.directory(id), 'lower'));
    return text === undefined ? [] : text.split(':').map((link) => join(this.base, link));
  }

  async getLink(id: CacheId): Promise<string> {
    const path = join(this.directory(id), 'link');
    const link = await findLine(path);
    if (link === undefined || !/^[A-Z2-7]{26}$/.test(link)) throw brokenFile(path, 'it holds no short name');
    return link;
  }

  async isCommitted(id: CacheId): Promise<boolean> {
    return (await findLine(join(this.directory(id), 'committed'))) !== undefined;
  }

  async commit(id: CacheId): Promise<void> {
    await writeDurably(join(this.directory(id), 'committed'), '');
  }

  /** Everything of a layer, from the link on: what is left after a crash is found by `list`. */
  async remove(id: CacheId): Promise<void> {
    const link = await findLine(join(this.directory(id), 'link'));
    // Whoever made it may have died before the name was written down.
    const links = link === undefined || link === '' ? await this.#linksTo(id) : [link];
    for (const name of links) await rm(this.links(name), { force: true });
    await rmdir(this.merged(id)).catch(() => undefined);
    await removeDirectory(this.directory(id));
  }

  async list(): Promise<CacheId[]> {
    return (await namesIn(this.base)).filter(isCacheId);
  }

  async #linksTo(id: CacheId): Promise<string[]> {
    const targets = [...(await this.linkTargets())];
    return targets.filter(([, target]) => target === linkTarget(id)).map(([name]) => name);
  }

  /** The short names, with what each leads to. */
  async linkTargets(): Promise<Map<string, string>> {
    const targets = new Map<string, string>();
    for (const name of await namesIn(this.links())) {
      targets.set(name, await readlink(this.links(name)).catch(() => ''));
    }
    return targets;
  }
}

function linkTarget(id: CacheId): string {
  return `../${id}/diff`;
}

/** The root of a union shows the attributes of the topmost layer alone, so each layer has those of the one below. */
function copyRoot(from: string, to: string): Promise<void> {
  const fs = createToolFs();
  return withDirectories(fs, [from, to], ([source, target]) => {
    if (source === undefined || target === undefined) return;
    fs.statx(source, self);
    const facts = Float64Array.from(fs.stat);
    const fact = (index: number): number => facts[index] ?? 0;
    // What it has got from the directory that it is in.
    for (const list of [aclDefault, aclAccess]) fs.findRemoveXattr(target, self, list);
    // In this order: a change of owner drops capabilities, and a list sets the mode.
    fs.fchownat(target, self, fact(st.uid), fact(st.gid));
    copyXattrs(fs, source, self, target, self, overlayNames(false));
    fs.fchmodat(target, self, fact(st.mode) & 0o7777);
    const atime = { sec: fact(st.atimeSec), nsec: fact(st.atimeNsec) };
    fs.utimensat(target, self, atime, { sec: fact(st.mtimeSec), nsec: fact(st.mtimeNsec) });
  });
}
