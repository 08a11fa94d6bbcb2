/**
 * The layers and files that workloads start from, made from the machine's own /usr without a network
 * and in a sorted order, so that two runs on one machine see the same bytes. Each is built once below
 * the scratch directory, under a name that carries its version, and counts only when its last step, a
 * rename, is done.
 */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  type Dirent,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './child.ts';

export interface Fixtures {
  /** 20,000 entries over five layers; every fifth directory is in all of them. */
  fiveLayers(): readonly string[];
  /** 20 directories, each in five layers with a few names in each. */
  missLayers(): readonly string[];
  /** One layer with one file `big` of 1 GiB of random bytes. */
  bigFile(): readonly string[];
  /** One layer with one file `data` of 256 MiB of random bytes. */
  readFile(): readonly string[];
  /** One layer of 7,000 files and their directories. */
  manyFiles(): readonly string[];
  /** One layer of 100,000 small entries. */
  hugeTree(): readonly string[];
  /** One layer with a directory and a file. */
  small(): readonly string[];
  /** A tar archive of this many files. */
  archive(files: number): string;
}

/** Fills an empty directory. */
type Build = (target: string) => void;

/** Fixtures below `directory`. */
export function createFixtures(directory: string): Fixtures {
  mkdirSync(directory, { recursive: true });
  const make = (name: string, build: Build): string => once(join(directory, name), build);
  return {
    fiveLayers: () => subdirectories(make('five-layers-1', buildFiveLayers)),
    missLayers: () => subdirectories(make('miss-layers-1', buildMissLayers)),
    bigFile: () => [make('big-file-1', randomFile('big', 1024))],
    readFile: () => [make('read-file-1', randomFile('data', 256))],
    manyFiles: () => [make('many-files-1', copyOf(7_000))],
    hugeTree: () => [make('huge-tree-1', buildHugeTree)],
    small: () => [make('small-1', buildSmall)],
    archive: (files) => join(make(`archive-${String(files)}-1`, archiveOf(files)), 'files.tar'),
  };
}

function once(path: string, build: Build): string {
  if (existsSync(path)) return path;
  const unfinished = `${path}.part`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished);
  build(unfinished);
  renameSync(unfinished, path);
  return path;
}

function subdirectories(path: string): string[] {
  return readdirSync(path)
    .sort()
    .map((name) => join(path, name));
}

/** Entries below `top` in a sorted, depth-first order, directories before what is in them. */
function* walk(top: string): Generator<{ path: string; entry: Dirent }> {
  let entries: Dirent[];
  try {
    entries = readdirSync(top, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(top, entry.name);
    yield { path, entry };
    if (entry.isDirectory()) yield* walk(path);
  }
}

const largest = 64 * 1024;

/** The first `count` regular files of at most 64 KiB below /usr. */
function sourceFiles(count: number): string[] {
  const files: string[] = [];
  for (const { path, entry } of walk('/usr')) {
    if (entry.isFile() && lstatSync(path).size <= largest) files.push(path);
    if (files.length === count) return files;
  }
  throw new Error(`/usr has only ${String(files.length)} files of at most ${String(largest)} bytes`);
}

function copyOf(files: number): Build {
  return (target) => {
    for (const file of sourceFiles(files)) {
      mkdirSync(join(target, dirname(file)), { recursive: true });
      copyFileSync(file, join(target, file));
    }
  };
}

/** A directory's files lie in one layer, as a package's would; every fifth directory's in all. */
function buildFiveLayers(target: string): void {
  let entries = 0;
  let inDirectory = 0;
  const seen = new Set<string>();
  for (const { path, entry } of walk('/usr')) {
    if (entries >= 20_000) return;
    if (entry.isDirectory()) inDirectory = 0;
    if (!entry.isSymbolicLink() && (!entry.isFile() || lstatSync(path).size > largest)) continue;
    const hash = createHash('md5').update(dirname(path)).digest().readUInt32BE();
    const layer = hash % 5 === 0 ? inDirectory++ % 5 : Math.floor(hash / 5) % 5;
    const copy = join(target, String(layer), path);
    mkdirSync(dirname(copy), { recursive: true });
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(path), copy);
    else copyFileSync(path, copy);
    entries += seen.has(dirname(path)) ? 1 : 2;
    seen.add(dirname(path));
  }
}

function buildMissLayers(target: string): void {
  for (let layer = 0; layer < 5; layer++) {
    for (let directory = 0; directory < 20; directory++) {
      const path = join(target, String(layer), `directory-${String(directory)}`);
      mkdirSync(path, { recursive: true });
      for (let file = 0; file < 40; file++) {
        writeFileSync(join(path, `layer-${String(layer)}-file-${String(file)}`), 'x');
      }
    }
  }
}

function randomFile(name: string, mebibytes: number): Build {
  return (target) => {
    const path = join(target, name);
    run(['dd', 'if=/dev/urandom', `of=${path}`, 'bs=1M', `count=${String(mebibytes)}`, 'conv=fsync']);
  };
}

function buildHugeTree(target: string): void {
  for (let directory = 0; directory < 1_000; directory++) {
    const path = join(target, String(directory % 30), String(directory));
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < 99; file++) writeFileSync(join(path, `file-${String(file)}`), '');
  }
}

function buildSmall(target: string): void {
  mkdirSync(join(target, 'directory'));
  writeFileSync(join(target, 'probe'), 'answer\n');
}

function archiveOf(files: number): Build {
  return (target) => {
    const list = sourceFiles(files).map((path) => path.slice(1));
    run(['tar', '-C', '/', '-cf', join(target, 'files.tar'), '-T', '-'], { input: list.join('\n') });
  };
}
