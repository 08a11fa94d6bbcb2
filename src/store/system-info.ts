/**
 * `strata info`: which data root and driver, and why; what is in it; what this machine can do.
 */
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { nameFromText } from '../base/name.ts';
import { readMounts } from '../os/mountinfo.ts';
import { readPackageVersion } from '../os/package-version.ts';
import type { Store } from './store.ts';

export interface SystemInfo {
  readonly version: string;
  readonly root: string;
  readonly runRoot: string;
  readonly driver: string;
  readonly reason: string;
  readonly driverStatus: Readonly<Record<string, string>>;
  /** Of the file system that the data root lies on. */
  readonly backingFilesystem: string;
  readonly images: number;
  readonly layers: number;
  readonly mounts: number;
  readonly kernel: string;
  readonly fuse: boolean;
  readonly overlayfs: boolean;
}

export async function systemInfo(store: Store): Promise<SystemInfo> {
  return {
    version: readPackageVersion(),
    root: store.root.path,
    runRoot: store.run.path,
    driver: store.driver.name,
    reason: store.choice.reason,
    driverStatus: await store.driver.status(),
    backingFilesystem: fileSystemOf(store.root.path),
    images: (await store.images.imageIds()).length,
    layers: (await store.layers.chainIds()).length,
    mounts: (await store.mounts.names()).length,
    kernel: release(),
    fuse: existsSync('/dev/fuse'),
    overlayfs: /\toverlay$/m.test(readFileSync('/proc/filesystems', 'latin1')),
  };
}

/** The type of the mount that is nearest above a path. */
function fileSystemOf(path: string): string {
  const name = `${nameFromText(path)}/`;
  const above = readMounts().filter(({ mountPoint }) =>
    name.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`),
  );
  return above.reduce((best, entry) => (entry.mountPoint.length >= best.mountPoint.length ? entry : best))
    .type;
}
