/**
 * What a mount is put together from: an engine and a door, which know nothing of each other. The server
 * gets them as values, so that it can be told apart from both and tested without either.
 */
import type { Fd } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { FuseMountOptions } from '../os/mount.ts';
import type { FileSystem } from '../vfs/file-system.ts';
import type { IdentityOptions, LayerPaths } from './mount-spec.ts';
import type { ResolvedDoor } from './resolve-door.ts';
import type { ResolvedFormat } from './resolve-format.ts';

export interface EngineOptions {
  readonly layers: LayerPaths;
  readonly format: ResolvedFormat;
  readonly identity: IdentityOptions;
  /** Others change the layers while they are mounted. */
  readonly layersChange?: boolean;
  /** MS_* of the mount: reading moves the access times of the upper as they say. */
  readonly mountFlags?: number;
  readonly log: Log;
}

export interface ServeOptions {
  /** The FUSE device, mounted already, though perhaps not on the tree; the session closes it, or `serve` where it throws. */
  readonly device: Fd;
  /** `major:minor` of the mount; undefined where the kernel does not tell, or it is not on the tree yet. */
  readonly mountDevice: () => string | undefined;
  readonly fileSystem: FileSystem;
  readonly door: ResolvedDoor;
  readonly debug: boolean;
  readonly log: Log;
}

export interface LibfuseServeOptions extends Omit<ServeOptions, 'device'> {
  /** Where and how: libfuse mounts by itself. */
  readonly mount: FuseMountOptions;
}

export interface Session {
  /** Resolves when INIT is answered: from then on the mount answers. Rejects when it never will. */
  readonly ready: Promise<void>;
  /** Resolves when the file system was unmounted, or the session stopped; rejects when the device failed. */
  readonly ended: Promise<void>;
  /** Ends the connection: whoever still uses the mount gets ENOTCONN. */
  stop(): void;
}

export interface Parts {
  /** Opens the layers; UserError, FsError. What it holds is given back by `FileSystem.close`. */
  createEngine(options: EngineOptions): FileSystem | Promise<FileSystem>;
  /** UserError. */
  serve(options: ServeOptions): Session;
  /** Mounts and serves in one, by libfuse; UserError. */
  serveByLibfuse(options: LibfuseServeOptions): Session;
  /** Makes an upper plain (`stratafs --settle`). */
  settle(options: EngineOptions): void | Promise<void>;
}
