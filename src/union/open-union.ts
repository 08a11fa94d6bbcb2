/**
 * Opens the layers of a union and puts it together. Upper and work are reached below one private clone
 * of their mount, each lower below a read-only clone of its own: what is mounted inside a layer neither
 * shows nor recurses, the kernel itself refuses to write to a lower, and rename between upper and work
 * stays inside one mount. Where clones are refused (no CAP_SYS_ADMIN) directories are opened as they are.
 */
import { fsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { asName, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { bindIndex } from '../layer/index-dir.ts';
import { prepareWork, createVolatileGuard, removeVolatileGuard } from '../layer/work-dir.ts';
import { emptying } from '../layer/remove-tree.ts';
import { setForeignGuard } from '../layer/foreign-guard.ts';
import { expectXattrWhiteouts, readOpaque } from '../layer/opaque.ts';
import { findSharedUuids } from '../layer/shared-uuid.ts';
import { noteXattrWhiteouts } from '../layer/whiteout.ts';
import { overlayNames, type OverlayNames } from '../layer/xattr-names.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from '../os/constants.ts';
import { mark, st, type HostFs } from '../os/host-fs.ts';
import { UnionCore, type CoreLimits } from './core.ts';
import type { DescriptorShare } from './descriptor-share.ts';
import { removeInPieces } from './discards.ts';
import type { UnionFeatures } from './features.ts';
import type { IdMaps } from './id-map.ts';
import { Layer } from './layer.ts';
import { RealDir } from './real-dir.ts';
import { Union } from './union.ts';

export interface UnionSource {
  /** Absolute paths, from the top. */
  readonly lowers: readonly Name[];
  readonly dataLayers: readonly Name[];
  readonly upper: { readonly dir: Name; readonly work: Name } | undefined;
}

export interface UnionOptions {
  readonly fs: HostFs;
  readonly log: Log;
  readonly features: UnionFeatures;
  readonly limits?: Partial<CoreLimits>;
  /** For one of several mounts of a process. */
  readonly share?: DescriptorShare;
  /** See `CoreParts`. */
  readonly ids?: IdMaps | undefined;
  /** See `CoreParts`. */
  readonly unprivileged?: boolean;
  /** Hears of the root of each layer, and of the work directory, before anything in it is looked at. */
  readonly onLayer?: ((root: Fd, path: Name) => void) | undefined;
  /** A private clone of the directory `path` (os/mount.ts); undefined where it is refused. */
  readonly clone: (path: Name, readOnly: boolean) => Fd | undefined;
}

const defaultLimits: CoreLimits = { directories: 1024, files: 512, names: 400_000 };
const here = asName('.');
const unusable = {
  unsupported: 'no file handles, or no attributes',
  'other-upper': 'it belongs to another upper',
  'other-lower': 'it belongs to other lower layers',
} as const;
const directory = O_RDONLY | O_DIRECTORY;

/** A union, and what it was made of, for those who look inside (tests, statistics). */
export interface OpenedUnion {
  readonly union: Union;
  readonly core: UnionCore;
}

/**
 * Throws `FsError` for a layer that cannot be opened, `UserError` for an upper or work directory that must not be used:
 * `different-mounts` where something is mounted between what holds both and one of them.
 */
export function openUnion(source: UnionSource, options: UnionOptions): OpenedUnion {
  const opening = new Opening(options);
  try {
    return opening.open(source);
  } catch (thrown) {
    opening.closeAll();
    throw thrown;
  }
}

class Opening {
  readonly #fs: HostFs;
  readonly #options: UnionOptions;
  readonly #fds: Fd[] = [];
  readonly #fsids = new Map<number, number>();

  constructor(options: UnionOptions) {
    this.#fs = options.fs;
    this.#options = options;
  }

  open(source: UnionSource): OpenedUnion {
    const { features, log, limits, share } = this.#options;
    const writable = source.upper === undefined ? undefined : this.#openUpper(source.upper);
    const lowers = source.lowers.map((path, i) => this.#openLower(path, i + 1, false));
    const shared = findSharedUuids(this.#fs, lowers);
    for (const lower of lowers) lower.sharesUuid = shared.has(lower.dev);
    const dataLayers = source.dataLayers.map((path, i) => this.#openLower(path, lowers.length + 1 + i, true));
    const handles = lowers.every((layer) => this.#fs.findHandle(layer.root, asName('')) !== undefined);
    const names = overlayNames(features.userxattr);
    const prepared =
      writable === undefined
        ? undefined
        : prepareWork(this.#fs, writable.work, { index: features.index && handles, names, log });
    if (prepared !== undefined) this.#fds.push(prepared.work);
    if (prepared?.index !== undefined) this.#fds.push(prepared.index);
    const index = this.#bind(prepared?.index, writable?.layer, lowers[0]);
    if (writable !== undefined && !features.userxattr && needsOurOptions(features)) {
      guard(this.#fs, writable.layer, names);
    }
    if (prepared !== undefined && features.volatile) createVolatileGuard(this.#fs, prepared.work);
    const core = new UnionCore({
      fs: this.#fs,
      log,
      features,
      upper: writable?.layer,
      lowers,
      dataLayers,
      work: writable && prepared && fixed(writable.layer, prepared.work),
      indexDir: index === undefined || !writable ? undefined : fixed(writable.layer, index),
      fileSystems: features.plainInodes === true ? 1 : this.#fsids.size,
      limits: { ...defaultLimits, ...limits },
      ...(share === undefined ? {} : { part: () => share.part }),
      unprivileged: this.#options.unprivileged ?? false,
      ids: this.#options.ids,
    });
    if (writable !== undefined) chooseWhiteouts(core, writable.layer);
    const leave = share?.join(() => {
      core.fitDescriptors();
    });
    const close = async (): Promise<void> => {
      leave?.();
      core.close();
      try {
        if (writable !== undefined && prepared !== undefined)
          await this.#finish(writable.layer, prepared.work, core.isChanged);
      } finally {
        this.closeAll();
      }
    };
    return { union: new Union(core, close), core };
  }

  /** The index, if upper, index and lowers belong together. */
  #bind(index: Fd | undefined, upper: Layer | undefined, lower: Layer | undefined): Fd | undefined {
    if (index === undefined || upper === undefined || lower === undefined) return undefined;
    const names = overlayNames(this.#options.features.userxattr);
    const binding = bindIndex(this.#fs, { index, upper: upper.root, lower: lower.root, names });
    if (binding === 'verified') return index;
    this.#options.log.warn(`the index of hard links is not used: ${unusable[binding]}`);
    return undefined;
  }

  /**
   * Where syncing fails, what a volatile mount wrote may be lost: its guard stays. Nothing is synced for a mount that
   * was only read, since that would write what others have left dirty on the same file system.
   */
  async #finish(upper: Layer, work: Fd, isChanged: boolean): Promise<void> {
    if (isChanged) await this.#fs.syncfs(upper.root);
    if (this.#options.features.volatile) removeVolatileGuard(this.#fs, work);
    // Other mounts of the process go on meanwhile.
    await removeInPieces(emptying(this.#fs, work));
  }

  closeAll(): void {
    for (const fd of this.#fds.splice(0)) this.#fs.close(fd);
  }

  #openUpper(upper: { readonly dir: Name; readonly work: Name }): { layer: Layer; work: Fd } {
    const common = commonAncestor(upper.dir, upper.work);
    const clone = this.#options.clone(common, false);
    const base = clone ?? this.#openDirectory(AT_FDCWD as Fd, common);
    if (clone !== undefined) this.#fds.push(clone);
    const root = this.#openDirectory(base, below(common, upper.dir));
    const work = this.#openDirectory(base, below(common, upper.work));
    this.#checkShown(root, upper.dir);
    this.#checkShown(work, upper.work);
    this.#options.onLayer?.(root, upper.dir);
    this.#options.onLayer?.(work, upper.work);
    return { layer: this.#layer(upper.dir, root, 0, clone !== undefined, false), work };
  }

  /** Below a clone lies what a mount covers: whoever made the mount means the directory that shows at the path. */
  #checkShown(fd: Fd, path: Name): void {
    const { stat } = this.#fs;
    this.#fs.statx(fd, asName(''));
    const [dev, ino] = [stat[st.dev], stat[st.ino]];
    this.#fs.statx(AT_FDCWD as Fd, path);
    if (stat[st.dev] === dev && stat[st.ino] === ino) return;
    throw new UserError('different-mounts', `something is mounted at ${nameToText(path)} or above it`, {
      hint: 'upperdir and workdir must lie in one mount: bind-mount one directory that holds both',
    });
  }

  #openLower(path: Name, index: number, dataOnly: boolean): Layer {
    const clone = this.#options.clone(path, true);
    if (clone !== undefined) this.#fds.push(clone);
    const root = this.#openDirectory(clone ?? (AT_FDCWD as Fd), clone === undefined ? path : here);
    this.#options.onLayer?.(root, path);
    return this.#layer(path, root, index, clone !== undefined, dataOnly);
  }

  #openDirectory(dir: Fd, path: Name): Fd {
    const fd = this.#fs.openat(dir, path, directory, 0);
    this.#fds.push(fd);
    return fd;
  }

  #layer(path: Name, root: Fd, index: number, detached: boolean, dataOnly: boolean): Layer {
    const { features } = this.#options;
    this.#fs.statx(root, asName(''));
    const dev = this.#fs.stat[st.dev] ?? 0;
    const fsid = this.#fsids.get(dev) ?? this.#fsids.size;
    this.#fsids.set(dev, fsid);
    const names = overlayNames(features.userxattr);
    const marks = this.#fs.overlayMarks(root, asName(''), names.prefix);
    const isNoted = (marks & mark.whiteout) !== 0;
    const isMarked =
      (marks & mark.opaque) !== 0 && readOpaque(this.#fs, root, asName(''), names) === 'xattrs';
    return new Layer({
      path,
      root,
      index,
      dev,
      fsid,
      uuid: this.#fs.fsUuid(root),
      detached,
      dataOnly,
      xattrWhiteouts: isMarked || isNoted,
      // The kernel honours the mark in lower layers alone, and we for all of an upper.
      xattrWhiteoutsAnywhere: isNoted || (isMarked && index === 0),
      aufs: features.aufs,
    });
  }
}

/** What may be written into the upper is not what a program without these options reads. */
function needsOurOptions({ metacopy, redirectDir, index }: UnionFeatures): boolean {
  return metacopy || redirectDir === 'on' || index;
}

/** The guard takes the place of an opaque mark. */
function guard(fs: HostFs, upper: Layer, names: OverlayNames): void {
  if (upper.xattrWhiteouts) noteXattrWhiteouts(fs, upper.root, names);
  setForeignGuard(fs, upper.root, names);
}

/** Finds out which form the upper takes. Where it takes none, all but removing and renaming works. */
function chooseWhiteouts(core: UnionCore, upper: Layer): void {
  const form = core.whiteoutMaker().tryOut();
  if (form === 'xattr') {
    const { fs, names } = core;
    // Whoever mounts it next, a copy on another file system perhaps, has to look for them.
    noteXattrWhiteouts(fs, upper.root, names);
    // fuse-overlayfs would show them as empty files.
    if (names.user) expectXattrWhiteouts(fs, upper.root, asName(''), names);
    else setForeignGuard(fs, upper.root, names);
    upper.rootDir.xattrWhiteouts = true;
    upper.xattrWhiteouts = true;
  }
  if (form !== 'none') return;
  const place = nameToText(upper.path);
  core.log.warn(
    `${place} takes no whiteouts (neither character devices 0/0 nor extended attributes), so nothing of the lower layers can be removed or renamed: ` +
      'put upperdir and workdir on another file system',
  );
}

function fixed(layer: Layer, fd: Fd): RealDir {
  const dir = new RealDir(layer, undefined, asName(''), fd);
  return dir;
}

/** The deepest directory that holds both; both absolute and without `.` and `..`. */
function commonAncestor(a: Name, b: Name): Name {
  const left = a.split('/');
  const right = b.split('/');
  let same = 0;
  while (same < left.length - 1 && same < right.length - 1 && left[same] === right[same]) same++;
  if (same === 0) throw fsError('EINVAL');
  return asName(left.slice(0, same).join('/') || '/');
}

function below(ancestor: Name, path: Name): Name {
  return asName(ancestor === '/' ? path.slice(1) : path.slice(ancestor.length + 1));
}
