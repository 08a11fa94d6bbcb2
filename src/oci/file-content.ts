/**
 * The content of a regular file on its way between a disk and a tar. A tar that we write says nothing of holes,
 * which differ from disk to disk: holes are read as zeros without reading, and long runs of zeros are not written,
 * so that a sparse file comes out as one.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { SEEK_DATA, SEEK_HOLE } from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';
import type { TarOutput } from './tar-output.ts';

/** Holes begin and end where a block of a file system does. */
const unit = 4096;
/** A shorter run is written: a hole costs an extent. */
const holeMin = 4 * unit;
/** From here on another thread reads and writes, while this one goes on with what others ask of it. */
const asyncMin = 128 << 10;
const zeros = Buffer.alloc(unit);

/** Writes `bytes` at `position` of a new file, zeros apart; where in the file it stopped writing. */
export async function writeContent(fs: HostFs, fd: Fd, bytes: Buffer, position: number): Promise<number> {
  if (bytes.length < holeMin) {
    await writeRun(fs, fd, bytes, position);
    return position + bytes.length;
  }
  let begin = 0;
  let zerosBegin = 0;
  for (let at = 0; at < bytes.length;) {
    // The first part ends where a unit of the file begins.
    const end = Math.min(at + unit - ((position + at) % unit), bytes.length);
    if (!isZero(bytes, at, end)) {
      if (at - zerosBegin >= holeMin) {
        await writeRun(fs, fd, bytes.subarray(begin, zerosBegin), position + begin);
        begin = at;
      }
      zerosBegin = end;
    }
    at = end;
  }
  const last = bytes.length - zerosBegin >= holeMin ? zerosBegin : bytes.length;
  await writeRun(fs, fd, bytes.subarray(begin, last), position + begin);
  return position + last;
}

/**
 * Puts the first `size` bytes of a file into the tar; how many there were. `mayHaveHoles` is false where every block
 * is known to be there.
 */
export async function readContent(
  fs: HostFs,
  fd: Fd,
  { size, mayHaveHoles }: { readonly size: number; readonly mayHaveHoles: boolean },
  output: TarOutput,
): Promise<number> {
  for (let position = 0; position < size;) {
    const begin = mayHaveHoles ? findData(fs, fd, position, size) : position;
    const end = mayHaveHoles && begin < size ? Math.min(fs.lseek(fd, begin, SEEK_HOLE), size) : size;
    await output.zeros(begin - position);
    const count = await output.fill(end - begin, (chunk, offset, length, done) =>
      length < asyncMin
        ? fs.pread(fd, chunk, offset, length, begin + done, false)
        : fs.preadAsync(fd, chunk, offset, length, begin + done),
    );
    if (count < end - begin) return begin + count;
    position = end;
  }
  return size;
}

/** Where data begins at or after `position`; `size` where none does. */
function findData(fs: HostFs, fd: Fd, position: number, size: number): number {
  try {
    return Math.min(fs.lseek(fd, position, SEEK_DATA), size);
  } catch (error) {
    if (isFsError(error, 'ENXIO')) return size;
    throw error;
  }
}

function isZero(bytes: Buffer, begin: number, end: number): boolean {
  // Most of what is no hole says so at once.
  return bytes[begin] === 0 && bytes.compare(zeros, 0, end - begin, begin, end) === 0;
}

async function writeRun(fs: HostFs, fd: Fd, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const left = bytes.length - done;
    done +=
      left < asyncMin
        ? fs.pwrite(fd, bytes, done, left, position + done)
        : await fs.pwriteAsync(fd, bytes, done, left, position + done);
  }
}
