/**
 * `strata cp` with `-` in the place of a path of this machine: a tar on standard output, or from standard input. A tar
 * is unpacked into a directory of our own first, where nothing in it leads anywhere, and what comes of it copied
 * like any other tree: one that is damaged, or ends early, has changed nothing then. Owners are those of the tar.
 */
import { closeSync } from 'node:fs';
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { decompressed } from '../oci/compression.ts';
import { applyLayerTar } from '../oci/layer-reader.ts';
import type { ChunkSink } from '../oci/tar-output.ts';
import { writeTreeTar } from '../oci/tree-writer.ts';
import { O_DIRECTORY, O_RDONLY } from '../os/constants.ts';
import { createToolFs, withDirectories } from '../store/tool-fs.ts';
import { idsOfHost } from './accounts.ts';
import type { Container } from './container.ts';
import { withPlace, withWritablePlace } from './container-place.ts';
import { findOpen, isContent, isDirectoryAt, nameOf, noSuchPath, openSource, type End } from './copy-end.ts';
import { isCarried } from './copy-object.ts';
import { copyContent } from './copy-tree.ts';
import type { Engine } from './engine.ts';
import { hasFiles } from './kernel-files.ts';

/**
 * Writes the tar of `from` to `sink`: one entry with its name, or that of a directory and all below it; of `DIR/.` what
 * is in it, under `./`. UserError `no-such-path`, and as `writeTreeTar`.
 */
export async function copyToArchive(
  engine: Engine,
  container: Container,
  from: string,
  { followLink }: { readonly followLink: boolean },
  sink: ChunkSink,
): Promise<void> {
  await withPlace(engine, container, from, async (root, path) => {
    const fs = createToolFs();
    const end: End = { root, path, asked: from };
    const source = openSource(fs, end, followLink);
    try {
      const as = isContent(end) && isDirectoryAt(fs, source) ? asName('') : nameOf(end);
      await writeTreeTar(fs, source, { as, keeps: isCarried, enters: hasFiles }, sink);
    } finally {
      closeSync(source.directory);
    }
  });
}

export interface ReceivedArchive {
  /** The directory in which it is unpacked. */
  readonly tree: string;
  /** Directories that it only names in the paths of others (`AppliedTar`). */
  readonly implied: ReadonlySet<string>;
}

export interface ReceiveOptions {
  /** What to write, where there is nothing. */
  readonly hint: string;
  /** As `ApplyOptions` has it. */
  readonly keepsMarks?: boolean;
}

/**
 * Unpacks a tar, compressed or not, into `scratch`, an empty directory. UserError `bad-layer` and others of
 * `applyLayerTar`, `bad-compression`, and `empty-archive` (with `hint`) where there is nothing at all.
 */
export async function receiveArchive(
  source: AsyncIterable<Uint8Array>,
  scratch: string,
  { hint, keepsMarks = false }: ReceiveOptions,
): Promise<ReceivedArchive> {
  const tar = decompressed(source);
  const { tarSize, implied } = await applyLayerTar(tar, scratch, {
    plain: true,
    keepsMarks,
    findId: keepsMarks ? idsOfHost() : undefined,
  });
  if (tarSize === 0)
    throw new UserError('empty-archive', 'there is nothing where a tar was wanted', { hint });
  return { tree: scratch, implied };
}

/**
 * Copies what was received into the directory `to`, which has to be there. Directories that the tar only names in
 * paths stay as they are, and may be links. UserError `no-such-path`, `not-a-directory`, `in-the-way`, `read-only`.
 */
export async function copyFromArchive(
  engine: Engine,
  container: Container,
  { tree, implied }: ReceivedArchive,
  to: string,
): Promise<void> {
  await withWritablePlace(engine, container, to, async (root, path) => {
    const fs = createToolFs();
    const end: End = { root, path, asked: to };
    const found = findOpen(end);
    if (found === undefined) throw noSuchPath(end);
    try {
      if (!isDirectoryAt(fs, { directory: found, name: asName('') }))
        throw new UserError('not-a-directory', `${to} is no directory: a tar is unpacked in one`);
      const target = fs.openat(found, asName('.'), O_RDONLY | O_DIRECTORY, 0);
      const findTarget = (below: string): Fd | undefined =>
        root.findDirectory(asName(`${nameFromText(path)}/${below}`));
      try {
        await withDirectories(fs, [tree], ([source]) =>
          copyContent(fs, source as Fd, target, {
            ways: { has: (below) => implied.has(below), findTarget },
            called: { from: '', to },
          }),
        );
      } finally {
        fs.close(target);
      }
    } finally {
      closeSync(found);
    }
  });
}
