/**
 * Archives that ADD unpacks: tars, as they are or compressed. What is one is told by its first header, as BuildKit tells it
 * (isArchivePath), and never by its name or by what stands further behind: the image of a disk holds many things.
 */
import { chmodSync, mkdtempSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UserError } from '../../base/user-error.ts';
import { ByteSource } from '../../oci/byte-source.ts';
import { decompressedFile } from '../../oci/compression.ts';
import { applyLayerTar } from '../../oci/layer-reader.ts';
import { TarReader } from '../../oci/tar-reader.ts';

/** Whether something can be unpacked from a file; from an empty tar nothing can. UserError `missing-program`. */
export async function isArchive(path: string, signal: AbortSignal): Promise<boolean> {
  // Of a FIFO it would wait for a writer.
  if (!(await stat(path)).isFile()) return false;
  const source = new ByteSource(decompressedFile(path), signal);
  try {
    return (await new TarReader(source).next()) !== undefined;
  } catch (thrown) {
    if (isFaultOfContent(thrown, signal)) return false;
    throw thrown;
  } finally {
    await source.close();
  }
}

export interface Unpacked {
  readonly directory: string;
  /** Paths in it of directories that the archive only names in the paths of others. */
  readonly implied: ReadonlySet<string>;
  /** Attributes that the file system cannot hold, and that were left out. */
  readonly lost: ReadonlySet<string>;
}

/** Unpacks a tar, compressed or not, into a directory of its own. UserError `bad-archive`, `missing-program`. */
export async function unpack(scratch: string, path: string, signal: AbortSignal): Promise<Unpacked> {
  const directory = mkdtempSync(join(scratch, 'unpacked-'));
  chmodSync(directory, 0o755);
  try {
    const source = decompressedFile(path);
    const lost = new Set<string>();
    const onUnsupported = (attribute: string): void => void lost.add(attribute);
    const { implied } = await applyLayerTar(source, directory, { plain: true, signal, onUnsupported });
    return { directory, implied, lost };
  } catch (thrown) {
    if (!isFaultOfContent(thrown, signal)) throw thrown;
    throw new UserError('bad-archive', `${basename(path)} cannot be unpacked: ${thrown.message}`, {
      hint: 'COPY takes it as a file',
      cause: thrown,
    });
  }
}

/** Throws the reason of the signal: what is said of an archive whose reading was broken off means nothing. */
function isFaultOfContent(thrown: unknown, signal: AbortSignal): thrown is UserError {
  signal.throwIfAborted();
  return thrown instanceof UserError && (thrown.code === 'bad-layer' || thrown.code === 'bad-compression');
}
