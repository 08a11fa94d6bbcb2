/**
 * The drivers, in the order of the report: ours, the kernel's overlayfs, its rivals in user space, and what
 * does without a union.
 */
import { constants, existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../base/user-error.ts';
import { FuseNative } from '../../os/fuse-native.ts';
import { readPackageVersion } from '../../os/package-version.ts';
import { canAccess, findProgram } from '../packages.ts';
import { run } from '../child.ts';
import type { Stack } from '../stack.ts';
import { copyDrivers } from './copies.ts';
import type { Driver, Obstacle } from './driver.ts';

const program = join(import.meta.dirname, '..', '..', '..', 'bin', 'stratafs');
/** The format that ours writes, so that both do the same work. */
const kernelOptions = 'metacopy=on,redirect_dir=on,index=on,xino=on';

const isRoot = (): boolean => process.geteuid?.() === 0;

export const drivers: readonly Driver[] = [
  stratafs({ name: 'strata', quick: true }),
  stratafs({ name: 'strata-cached', options: ',passthrough=off', variantOf: 'strata' }),
  stratafs({
    name: 'strata-volatile',
    options: ',volatile',
    variantOf: 'strata',
    durability: 'volatile',
    quick: true,
  }),
  stratafs({ name: 'strata-relaxed', options: ',coherence=relaxed', variantOf: 'strata', onRequest: true }),
  stratafs({
    name: 'strata-libfuse',
    options: ',door=libfuse',
    variantOf: 'strata',
    findObstacle: findLibfuseObstacle,
  }),
  {
    name: 'overlay',
    subject: false,
    inKernel: true,
    quick: true,
    durability: 'default',
    findObstacle: () => {
      if (!isRoot()) return { why: 'only root may mount it' };
      const known = readFileSync('/proc/filesystems', 'utf8').includes('\toverlay\n');
      return known ? undefined : { why: 'this kernel does not have it', install: 'modprobe overlay' };
    },
    version: () => `Linux ${release()}`,
    command: (stack) => [
      ...['mount', '-t', 'overlay', 'overlay', '-o', `${layerOptions(stack)},${kernelOptions}`],
      stack.mountPoint,
    ],
    unmountCommand: ({ mountPoint }) => ['umount', mountPoint],
  },
  {
    name: 'fuse-overlayfs',
    subject: false,
    quick: true,
    // It copies up without a sync, and has no option to do one.
    durability: 'volatile',
    findObstacle: () => findFuseObstacle('fuse-overlayfs', 'fuse-overlayfs'),
    version: () => firstMatch(run(['fuse-overlayfs', '--version']), /fuse-overlayfs: version (\S+)/),
    command: (stack) => ['fuse-overlayfs', '-o', layerOptions(stack), stack.mountPoint],
    unmountCommand: unmountFuse,
  },
  {
    name: 'unionfs-fuse',
    subject: false,
    durability: 'volatile',
    findObstacle: () => findFuseObstacle('unionfs', 'unionfs-fuse'),
    version: () => firstMatch(run(['unionfs', '--version']), /unionfs-fuse version: (\S+)/),
    command: (stack) => [
      ...['unionfs', '-o', `cow,hide_meta_files,dev,suid${isRoot() ? ',allow_other' : ''}`],
      [`${stack.upper}=RW`, ...stack.lowers.map((lower) => `${lower}=RO`)].join(':'),
      stack.mountPoint,
    ],
    unmountCommand: unmountFuse,
  },
  ...copyDrivers,
];

/** The options with which every driver but unionfs-fuse is told about the layers. */
function layerOptions(stack: Stack): string {
  return `lowerdir=${stack.lowers.join(':')},upperdir=${stack.upper},workdir=${stack.work}`;
}

function stratafs(
  variant: Pick<Driver, 'name'> &
    Partial<Pick<Driver, 'variantOf' | 'durability' | 'quick' | 'onRequest' | 'findObstacle'>> & {
      options?: string;
    },
): Driver {
  const { options = '', durability = 'default', findObstacle = () => undefined, ...rest } = variant;
  return {
    ...rest,
    subject: true,
    durability,
    findObstacle: () =>
      existsSync(join(program, '..', '..', 'dist', 'cli', 'server.js'))
        ? (findDeviceObstacle() ?? findObstacle())
        : { why: 'it is not built', install: 'npm run build' },
    version: readPackageVersion,
    command: (stack) => [program, '-o', `${layerOptions(stack)}${options}`, stack.mountPoint],
    unmountCommand: unmountFuse,
  };
}

function findFuseObstacle(name: string, debianPackage: string): Obstacle | undefined {
  if (findProgram(name) !== undefined) return findDeviceObstacle();
  return { why: 'it is not installed', install: `apt-get install ${debianPackage}` };
}

function findLibfuseObstacle(): Obstacle | undefined {
  try {
    new FuseNative();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return { why: thrown.message, install: 'apt-get install libfuse2' };
  }
}

function findDeviceObstacle(): Obstacle | undefined {
  if (!existsSync('/dev/fuse')) return { why: 'there is no /dev/fuse', install: 'modprobe fuse' };
  if (!canAccess('/dev/fuse', constants.R_OK | constants.W_OK)) {
    return { why: 'this user may not open /dev/fuse', install: 'chmod 666 /dev/fuse' };
  }
  if (isRoot() || findProgram('fusermount3') !== undefined) return undefined;
  return { why: 'an ordinary user mounts through fusermount3', install: 'apt-get install fuse3' };
}

function unmountFuse({ mountPoint }: Stack): readonly string[] {
  return isRoot() ? ['umount', mountPoint] : ['fusermount3', '-u', mountPoint];
}

function firstMatch(text: string, pattern: RegExp): string {
  return pattern.exec(text)?.[1] ?? text.trim().split('\n')[0] ?? '';
}
