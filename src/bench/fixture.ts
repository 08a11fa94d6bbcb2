/**
 * The layers and files that workloads start from, made from the machine's own /usr without a network, so that two
 * runs on one machine see the same bytes. A workload names what it needs; nothing is made that no workload of the
 * run asks for.
 */
import { join } from 'node:path';
import { run } from './child.ts';
import { buildDeepLayers, deepDirectories, deepestStack } from './fixtures/deep-layers.ts';
import { buildImageLayers } from './fixtures/image-layers.ts';
import { fixedBytes } from './fixtures/fixed-bytes.ts';
import type { FixtureSpec, Shelf } from './fixtures/shelf.ts';
import {
  buildHugeTree,
  buildListing,
  buildMissLayers,
  buildSmall,
  copySmallFiles,
} from './fixtures/small-trees.ts';
import { smallFiles, subdirectories } from './fixtures/walk.ts';

export interface Fixtures {
  /** 1, or less where all of it is wanted small: counts and sizes are multiplied by it. */
  readonly scale: number;
  /** `count` at this scale, at least 1. */
  scaled(count: number): number;
  /** The directory `name`, filled by `build` when it is asked for the first time. */
  make(name: string, build: Build): string;
  /** 20,000 files as an image of several layers has them (`fixtures/image-layers.ts`), or what the user named. */
  fiveLayers(): readonly string[];
  /** 20 directories, each in five layers with a few names in each. */
  missLayers(): readonly string[];
  /** One layer with one file `big` of 1 GiB. */
  bigFile(): readonly string[];
  /** One layer with one file `data` of 256 MiB. */
  readFile(): readonly string[];
  /** One layer of 7,000 files and their directories. */
  manyFiles(): readonly string[];
  /** One layer of 100,000 small entries. */
  hugeTree(): readonly string[];
  /** One layer with a directory and a file. */
  small(): readonly string[];
  /** A tar archive of this many files, at this scale. */
  archive(files: number): string;
  /** So many layers, at most 128, that all have the same 100 directories. */
  deepLayers(count: number): readonly string[];
  /** Two layers with one directory `directory`, which holds half of so many entries in each. */
  listing(entries: number): readonly string[];
  /** One layer with one file `file` of this size. */
  fileOf(bytes: number): readonly string[];
}

/** Fills an empty directory. */
export type Build = (target: string) => void;

/** What may be chosen about fixtures. */
export interface FixtureChoice {
  readonly scale: number;
  /** Of `fiveLayers`. */
  readonly layers: number;
  /** Layers to use in the place of `fiveLayers`, topmost first. */
  readonly lower?: readonly string[];
}

const mebibyte = 1024 * 1024;
/** An empty file takes an inode and its part of a directory. */
const entryBytes = 512;
/** Where nobody has told the size: more than most take. */
const unknownBytes = 256 * mebibyte;

/** Fixtures on `shelf`, which holds those of one scale alone. */
export function createFixtures(shelf: Shelf, choice: FixtureChoice): Fixtures {
  const { scale } = choice;
  const scaled = (count: number): number => Math.max(1, Math.round(count * scale));
  const layersOf = (spec: FixtureSpec): string[] => subdirectories(shelf.take(spec));
  const layerOf = (spec: FixtureSpec): string[] => [shelf.take(spec)];
  return {
    scale,
    scaled,
    make: (name, build) => shelf.take({ name, bytes: unknownBytes * scale, build }),
    fiveLayers: () => {
      if (choice.lower === undefined) return layersOf(imageLayers(scaled(20_000), choice.layers));
      shelf.note('lower', choice.lower);
      return choice.lower;
    },
    missLayers: () => layersOf({ name: 'miss-layers-1', bytes: 4_000 * 4096, build: buildMissLayers }),
    bigFile: () => layerOf(fileSpec('big-file-2', 'big', scaled(1024) * mebibyte)),
    readFile: () => layerOf(fileSpec('read-file-2', 'data', scaled(256) * mebibyte)),
    manyFiles: () => {
      const files = scaled(7_000);
      return layerOf({ name: 'many-files-1', bytes: files * 12_000, build: copySmallFiles(files) });
    },
    hugeTree: () => {
      const directories = scaled(1_000);
      const bytes = directories * 100 * entryBytes;
      return layerOf({ name: 'huge-tree-1', bytes, build: buildHugeTree(directories) });
    },
    small: () => layerOf({ name: 'small-1', bytes: 8192, build: buildSmall }),
    archive: (files) => join(shelf.take(archive(scaled(files))), 'files.tar'),
    deepLayers: (count) => {
      const bytes = deepestStack * deepDirectories * 4096;
      return layersOf({ name: 'deep-layers-1', bytes, build: buildDeepLayers }).slice(-count);
    },
    listing: (entries) =>
      layersOf({
        name: `listing-${String(entries)}-1`,
        bytes: entries * entryBytes,
        build: buildListing(entries),
      }),
    fileOf: (bytes) => layerOf(fileSpec(`file-${String(bytes)}-1`, 'file', bytes)),
  };
}

function imageLayers(files: number, layers: number): FixtureSpec {
  return {
    name: `image-of-${String(layers)}-layers-1`,
    bytes: files * 24_000,
    build: buildImageLayers({ files, layers }),
  };
}

function fileSpec(name: string, file: string, bytes: number): FixtureSpec {
  return { name, bytes, build: fixedBytes(file, bytes) };
}

function archive(files: number): FixtureSpec {
  return {
    name: `archive-${String(files)}-1`,
    bytes: files * 12_000,
    build: (target) => {
      const list = smallFiles(files).map((path) => path.slice(1));
      run(['tar', '-C', '/', '-cf', join(target, 'files.tar'), '-T', '-'], { input: list.join('\n') });
    },
  };
}
