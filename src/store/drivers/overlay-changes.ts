/**
 * The changes in a layer of the overlay format, in the words of all drivers: what its directory holds, seen against
 * what the layers below show. It costs what changed: below, only names that the layer has are looked up, and what a
 * replaced directory hides is walked.
 */
import type { Fd } from '../../base/ids.ts';
import { asName, type Name } from '../../base/name.ts';
import { readChangeSet, type Change } from '../../layer/change-set.ts';
import { LowerView, type LowerDir, type LowerObject } from '../../layer/lower-view.ts';
import { overlayNames } from '../../layer/xattr-names.ts';
import { S_IFDIR, S_IFMT, S_IFREG } from '../../os/constants.ts';
import { st, type HostFs } from '../../os/host-fs.ts';
import type { LayerChange } from '../driver.ts';
import { createToolFs, withDirectories } from '../tool-fs.ts';

const names = overlayNames(false);
const self = asName('');

/** `lowers`: from the top. */
export function overlayChanges(diff: string, lowers: readonly string[]): Promise<LayerChange[]> {
  const fs = createToolFs();
  return withDirectories(fs, [diff, ...lowers], ([upper, ...below]) => {
    if (upper === undefined) return [];
    const walk = new ChangeWalk(fs, upper, new LowerView(fs, { lowers: below, names }));
    for (const change of readChangeSet(fs, upper, names)) walk.add(change);
    walk.finish();
    return walk.found.sort((a, b) => (a.path < b.path ? -1 : 1));
  });
}

/** A directory of the layer, with what is below it. */
interface Level {
  /** With a slash at its end; empty for the root. */
  readonly prefix: string;
  readonly below: LowerObject | undefined;
  readonly dirs: readonly LowerDir[];
  /** What was below and is hidden as a whole, until it is found in the layer too. */
  readonly hidden: LowerObject | undefined;
  readonly seen: Set<string>;
}

class ChangeWalk {
  readonly found: LayerChange[] = [];
  readonly #fs: HostFs;
  readonly #upper: Fd;
  readonly #view: LowerView;
  readonly #levels: Level[];

  constructor(fs: HostFs, upper: Fd, view: LowerView) {
    this.#fs = fs;
    this.#upper = upper;
    this.#view = view;
    this.#levels = [{ prefix: '', below: undefined, dirs: view.roots, hidden: undefined, seen: new Set() }];
  }

  add(change: Change): void {
    const level = this.#levelOf(change.path);
    const name = change.path.slice(level.prefix.length) as Name;
    level.seen.add(name);
    const dirs = level.hidden?.kind === 'directory' ? level.hidden.dirs : level.dirs;
    const below = this.#view.find(dirs, name);
    const isDirectory = (change.mode & S_IFMT) === S_IFDIR;
    if (change.kind === 'deleted') {
      if (below.kind !== 'none' && level.hidden === undefined) this.#deleted(change.path, below);
      this.#view.close(below);
      if (level.hidden !== undefined) level.seen.delete(name);
      return;
    }
    this.#fs.statx(this.#upper, change.path);
    const mode = this.#fs.stat[st.mode] ?? 0;
    this.found.push({
      path: change.path,
      kind: below.kind === 'none' ? 'added' : 'modified',
      mode,
      size: (mode & S_IFMT) === S_IFREG ? (this.#fs.stat[st.size] ?? 0) : 0,
    });
    if (!isDirectory) {
      this.#view.close(below);
      return;
    }
    const isHidden = level.hidden !== undefined || change.kind === 'opaque-directory';
    this.#levels.push({
      prefix: `${change.path}/`,
      below,
      dirs: below.kind === 'directory' && !isHidden ? below.dirs : [],
      hidden: isHidden ? below : undefined,
      seen: new Set(),
    });
  }

  finish(): void {
    while (this.#levels.length > 1) this.#leave();
  }

  /** The level of the directory that `path` lies in; those that are done are left. */
  #levelOf(path: string): Level {
    for (;;) {
      const level = this.#levels.at(-1) as Level;
      if (path.startsWith(level.prefix)) return level;
      this.#leave();
    }
  }

  #leave(): void {
    const level = this.#levels.pop() as Level;
    const { hidden, below } = level;
    if (hidden?.kind === 'directory') {
      for (const name of this.#view.list(hidden.dirs)) {
        if (level.seen.has(name)) continue;
        const gone = this.#view.find(hidden.dirs, name);
        this.#deleted(asName(`${level.prefix}${name}`), gone);
        this.#view.close(gone);
      }
    }
    if (below !== undefined) this.#view.close(below);
  }

  #deleted(path: Name, below: LowerObject): void {
    const fd =
      below.kind === 'directory' ? below.dirs[0]?.fd : below.kind === 'file' ? below.object : undefined;
    if (fd === undefined) return;
    this.#fs.statx(fd, self);
    this.found.push({ path, kind: 'deleted', mode: this.#fs.stat[st.mode] ?? 0, size: 0 });
  }
}
