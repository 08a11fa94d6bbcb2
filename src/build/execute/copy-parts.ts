/**
 * Where the files of a COPY or ADD come from, each part with what its cache key needs to know, and with a way to
 * open it: a context is there all the time, a stage is mounted only for a copy, an archive is unpacked only then.
 */
import { readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { asName, type Name } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import type { Chain } from '../build-store.ts';
import type { PathFacts } from '../cache/step-cache.ts';
import { hashOf } from '../cache/step-key.ts';
import { FirstNames } from '../../run/copy-object.ts';
import { contentFacts, type OwnerRule } from '../context/content-key.ts';
import type { IgnoreRules } from '../context/ignore-rules.ts';
import { SeenFiles } from '../context/seen-files.ts';
import { cleanComponents, SourceTree } from '../context/source-tree.ts';
import type { Heredoc } from '../dockerfile/split-instructions.ts';
import { download, inlineFile, type Download } from './additions.ts';
import { isArchive, unpack } from './archives.ts';
import type { BuildSession } from './build-request.ts';
import type { CopySource } from './copy-files.ts';

export type NamedInput = readonly [name: string, value: string];

export interface CopyPart {
  readonly inputs: readonly NamedInput[];
  /** Whether the first of what was found is a directory. */
  readonly isDirectory: boolean;
  /** Whether what is copied keeps its owners, rather than belonging to root. */
  readonly owners: OwnerRule;
  /** What the inputs were made of, where others may change it. */
  readonly seen: readonly SeenFiles[];
  /** Runs `act` with the sources, with each by itself where there are archives among them; they are gone afterwards. */
  open<T>(act: CopyAct<T>): Promise<T>;
}

type CopyAct<T> = (sources: readonly CopySource[], owners: OwnerRule) => Promise<T>;

export interface PathOptions {
  readonly source: string;
  readonly exclude: IgnoreRules;
  readonly parents: boolean;
  /** Archives are unpacked. */
  readonly unpacks: boolean;
}

/** A path in the build context. UserError `no-context`, `no-source`. */
export async function contextPart(session: BuildSession, options: PathOptions): Promise<CopyPart> {
  const { request, reporter } = session;
  const { source } = options;
  if (request.context === undefined) {
    throw new UserError('no-context', `there is no context to take "${source}" from`, {
      hint: 'give a directory: strata build -f - DIRECTORY < Dockerfile',
    });
  }
  const tree = request.context;
  const seen: SeenFiles[] = [];
  const sources = sourcesIn(tree, options).map((found) => {
    const own = new SeenFiles(tree);
    seen.push(own);
    return { ...found, seen: own };
  });
  if (sources.length === 0) reporter.warn(`nothing matches ${source}`);
  const inputs = await fileInputs(session, sources, { owners: 'ignored', rules: options.exclude });
  return {
    inputs,
    isDirectory: sources[0]?.found.isDirectory === true,
    owners: 'ignored',
    seen,
    open: (act) => (options.unpacks ? openUnpacked(session, sources, act) : act(sources, 'ignored')),
  };
}

/** Of what the parts were, when their keys were made. */
export function findChangeIn(parts: readonly CopyPart[]): Name | undefined {
  return parts.flatMap(({ seen }) => seen).find(({ change }) => change !== undefined)?.change;
}

/** Runs `act` with what archives among the sources hold. */
async function openUnpacked<T>(
  { fs, store, reporter, signal }: BuildSession,
  sources: readonly CopySource[],
  act: CopyAct<T>,
): Promise<T> {
  const archives = await archivesAmong(sources, signal);
  if (archives.size === 0) return act(sources, 'ignored');
  const done: T[] = [];
  for (const source of sources) {
    const archive = archives.get(source);
    if (archive === undefined) {
      done.push(await act([source], 'ignored'));
      continue;
    }
    source.seen?.noteCopy(source.found.path);
    const { directory, implied, lost } = await unpack(store.scratch, archive, signal);
    if (lost.size > 0) {
      reporter.warn(
        `the data root lies on a file system that cannot hold ${[...lost].join(', ')}: what ${basename(archive)} has of that is left out`,
      );
    }
    const tree = new SourceTree(fs, directory);
    try {
      const found = { path: asName(''), isDirectory: true };
      done.push(await act([{ tree, found, archive: { implied } }], 'kept'));
    } finally {
      tree.close();
    }
  }
  return done.at(-1) as T;
}

async function fileInputs(
  { fs, signal }: BuildSession,
  sources: readonly CopySource[],
  options: { readonly owners: OwnerRule; readonly rules: IgnoreRules },
): Promise<NamedInput[]> {
  const inputs: NamedInput[] = [];
  const links = new FirstNames<Name>(fs);
  for (const { tree, found, below, seen } of sources) {
    const above = directoriesAbove(found.path, below);
    const facts = await contentFacts(fs, tree, found, { ...options, above, seen, links, signal });
    for (const [path, digest] of facts) inputs.push([`file ${path}`, `${digest} ${below ?? ''}`]);
  }
  return inputs;
}

/** Those that come along with `--parents`: the last parts of the path of what was found are `below`. */
function directoriesAbove(path: Name, below: Name = asName('')): Name[] {
  const parts = path.split('/');
  const first = parts.length - below.split('/').length + 1;
  return parts.slice(first).map((_, index) => asName(parts.slice(0, first + index).join('/')));
}

/** Where they lie for other programs. */
async function archivesAmong(
  sources: readonly CopySource[],
  signal: AbortSignal,
): Promise<Map<CopySource, string>> {
  const archives = new Map<CopySource, string>();
  for (const source of sources) {
    if (source.found.isDirectory) continue;
    const path = realPath(source.tree, source.found.path);
    if (await isArchive(path, signal)) archives.set(source, path);
  }
  return archives;
}

/** A path in a stage or image, given by its topmost layer. UserError `no-source`. */
export async function layerPart(
  session: BuildSession,
  chain: Chain | undefined,
  options: PathOptions,
): Promise<CopyPart> {
  const { fs, store, cache } = session;
  const withTree = <T>(act: (tree: SourceTree) => Promise<T>): Promise<T> =>
    store.show(chain, async (root) => {
      const tree = new SourceTree(fs, root);
      try {
        return await act(tree);
      } finally {
        tree.close();
      }
    });
  // A layer never changes, so neither does what lies in it.
  const { source, parents } = options;
  const find = (): Promise<PathFacts> =>
    withTree(async (tree) => {
      const sources = sourcesIn(tree, options);
      const inputs = await fileInputs(session, sources, { owners: 'kept', rules: options.exclude });
      return { inputs, isDirectory: sources[0]?.found.isDirectory === true };
    });
  const of = [source, parents, options.exclude.lines];
  const facts = chain === undefined ? await find() : await cache.rememberFacts(chain, of, find);
  return {
    ...facts,
    owners: 'kept',
    seen: [],
    open: (act) => withTree((tree) => act(sourcesIn(tree, options), 'kept')),
  };
}

/** A file that stands in the Dockerfile, its variables expanded. */
export function inlinePart(
  { fs, store, request }: BuildSession,
  heredoc: Heredoc,
  content: string,
): CopyPart {
  return {
    inputs: [[`file <<${heredoc.name}`, hashOf(content)]],
    isDirectory: false,
    owners: 'ignored',
    seen: [],
    open: (act) => {
      const time = request.timestamp ?? Math.floor(Date.now() / 1000);
      return withFile(
        fs,
        inlineFile(store.scratch, heredoc.name, content, time),
        basename(heredoc.name),
        act,
      );
    },
  };
}

/** A file by http; with a checksum it is fetched only where the cache lacks the step. */
export async function urlPart(
  session: BuildSession,
  url: string,
  options: {
    readonly checksum: string | undefined;
    readonly isDirectory: boolean;
    readonly unpacks: boolean;
  },
): Promise<CopyPart> {
  const { fs, store, signal } = session;
  const proxies = new Map(session.request.args.proxies());
  const fetchIt = (): Promise<Download> => download(store.scratch, url, { ...options, proxies, signal });
  let fetched = options.checksum === undefined ? await fetchIt() : undefined;
  return {
    inputs: [[`file ${url}`, options.checksum ?? fetched?.digest ?? '']],
    isDirectory: false,
    owners: 'ignored',
    seen: [],
    open: async (act) => {
      fetched ??= await fetchIt();
      return withFile(fs, fetched.directory, fetched.name, (sources, owners) =>
        options.unpacks ? openUnpacked(session, sources, act) : act(sources, owners),
      );
    },
  };
}

async function withFile<T>(
  fs: BuildSession['fs'],
  directory: string,
  name: string,
  act: CopyAct<T>,
): Promise<T> {
  const tree = new SourceTree(fs, directory);
  try {
    const path = asName(Buffer.from(name, 'utf8').toString('latin1'));
    return await act([{ tree, found: { path, isDirectory: false } }], 'ignored');
  } finally {
    tree.close();
  }
}

function sourcesIn(tree: SourceTree, { source, parents }: PathOptions): CopySource[] {
  const pivot = /(^|\/)\.\//.exec(source.replace(/^\.\//, ''));
  const depth =
    pivot === null ? 0 : cleanComponents(source.replace(/^\.\//, '').slice(0, pivot.index)).length;
  return tree.find(source).map((found) => ({
    tree,
    found,
    ...(parents ? { below: asName(found.path.split('/').slice(depth).join('/')) } : {}),
  }));
}

/** Where an object of a tree lies for other programs. */
export function realPath(tree: SourceTree, path: Name): string {
  return tree.withObject(path, true, (fd) => readlinkSync(join('/proc/self/fd', String(fd))));
}
