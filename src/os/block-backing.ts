/**
 * Which files a block device is made of, as /sys tells: an image behind a loop device, also below device mapper
 * or RAID. Reading it touches no file system that is mounted from one.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { asName, type Name } from '../base/name.ts';

/** Deeper than anybody stacks devices. */
const mostLevels = 16;

/** `major:minor` of the device node at `path`; undefined where it is none. */
export function findBlockDevice(path: Name): string | undefined {
  try {
    const { rdev } = statSync(Buffer.from(path, 'latin1'));
    // gnu_dev_major and gnu_dev_minor, for numbers of 32 bits.
    return `${String((rdev >> 8) & 0xfff)}:${String((rdev & 0xff) | ((rdev >> 12) & 0xfff00))}`;
  } catch {
    return undefined;
  }
}

/** The paths of the files behind the device `major:minor`; none for a disk. */
export function backingFiles(device: string, levels = mostLevels): Name[] {
  const place = `/sys/dev/block/${device}`;
  // `..` of a partition is its disk.
  const images = [place, `${place}/..`].map((dir) => findLine(`${dir}/loop/backing_file`));
  const slaves = levels === 0 ? [] : listNames(`${place}/slaves`);
  return [
    ...images.filter((path) => path !== undefined).map(asName),
    ...slaves.flatMap((name) => {
      const below = findLine(`${place}/slaves/${name}/dev`);
      return below === undefined ? [] : backingFiles(below, levels - 1);
    }),
  ];
}

function findLine(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').replace(/\n$/, '');
  } catch {
    return undefined;
  }
}

function listNames(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
