/**
 * `strata import`: a directory tree, or a tar of one, becomes an image of a single layer.
 */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { arch } from 'node:os';
import { UserError } from '../base/user-error.ts';
import { decompressed, decompressedFile } from '../oci/compression.ts';
import type { Digest } from '../oci/digest.ts';
import { writeLayerTar } from '../oci/layer-writer.ts';
import type { ImageId } from './ids.ts';
import type { Reference } from './reference.ts';
import type { Store } from './store.ts';
import { tarStream } from './tar-stream.ts';
import { Workspace } from './workspace.ts';

export interface ImportOptions {
  /** A tar (as it is, or compressed), a directory, or `-` for standard input. */
  readonly source: string;
  readonly reference: Reference | undefined;
  readonly message: string | undefined;
}

/** UserError `missing-source`, `bad-source`. */
export function importImage(store: Store, options: ImportOptions): Promise<ImageId> {
  return Workspace.use(store, async (workspace) => {
    const chainId = await workspace.addLayer(undefined, (id, parent) =>
      store.driver.applyDiff(id, parent, openSource(store, options.source)),
    );
    const { diffId } = await store.layers.getLayer(chainId);
    const text = JSON.stringify(imageConfig(diffId, options));
    return workspace.addImage(text, [chainId], options.reference === undefined ? [] : [options.reference]);
  });
}

function openSource(store: Store, source: string): AsyncIterable<Uint8Array> {
  if (source === '-') return decompressed(process.stdin);
  let isDirectory: boolean;
  try {
    isDirectory = statSync(source).isDirectory();
    accessSync(source, constants.R_OK);
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('missing-source', `${source} cannot be read (${code})`, {
      hint: 'name a tar archive, a directory, or - for standard input',
      cause,
    });
  }
  if (!isDirectory) return decompressedFile(source);
  const real = realpathSync(source);
  if (`${store.root.path}/`.startsWith(real === '/' ? '/' : `${real}/`)) {
    throw new UserError('bad-source', `the data root lies in ${source}`, {
      hint: 'import a copy of the tree, or use a --root outside of it',
    });
  }
  return tarStream((sink) => writeLayerTar(source, sink, { plain: true }));
}

/** The machine's name in the words of the Go programming language, as images have it. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

function imageConfig(diffId: Digest, { source, message }: ImportOptions): object {
  const created = new Date().toISOString();
  return {
    created,
    architecture: architectures[arch()] ?? arch(),
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [
      {
        created,
        created_by: `strata import ${source}`,
        ...(message === undefined ? {} : { comment: message }),
      },
    ],
  };
}
