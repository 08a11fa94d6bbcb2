/**
 * The package as a library.
 *
 * ```ts
 * import { mount } from 'stratafs';
 *
 * const tree = await mount({ lower: ['/layers/app', '/layers/base'], upper: '/u', work: '/w', mountPoint: '/mnt' });
 * console.log(await tree.stats());
 * await tree.unmount();
 * ```
 */
export { mount } from './library/mount.ts';
export type { Mount, MountRequest, MountStats } from './library/mount.ts';
export type { MountLayers, MountTuning } from './library/mount-tuning.ts';
export type { ChildExit } from './os/reporting-child.ts';
export { FsError } from './base/fs-error.ts';
export { UserError } from './base/user-error.ts';
