/**
 * The volume driver `local`: a directory `volumes/NAME/_data` of the data root, or, with the options `type`, `o`
 * and `device`, what mount(8) mounts there. `opts.json` beside it has Docker's fields, so that Docker takes the
 * volume, and ours, which it leaves alone. A volume is built under a name that no volume can have, and appears by
 * one rename.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { findMountAt } from '../os/mountinfo.ts';
import { isBroken, parseJson } from '../store/durable.ts';
import { removeDirectorySync } from '../store/remove-directory.ts';
import { volumeRecordSchema, type VolumeRecord } from '../store/volume-record.ts';
import type { NewVolume, VolumeDriver, VolumeFacts } from './volume-driver.ts';

/** Each option with those that it needs beside it. */
const needs: Readonly<Record<string, readonly string[]>> = {
  type: ['device'],
  device: ['type'],
  o: ['type', 'device'],
};

/** The driver over `directory`, `volumes` of the data root, which is made when it is needed. */
export function localVolumes(directory: string): VolumeDriver {
  const place = (name: string): string => join(directory, name, '_data');
  const locate = (name: string): string | undefined => (isThere(place(name)) ? place(name) : undefined);
  const find = (name: string): VolumeFacts | undefined => {
    if (locate(name) === undefined) return undefined;
    const record = readRecord(directory, name);
    return {
      name,
      driver: 'local',
      mountpoint: place(name),
      createdAt: record.CreatedAt ?? statSync(join(directory, name)).mtime.toISOString(),
      options: optionsOf(record),
      labels: record.Labels ?? {},
    };
  };
  return {
    name: 'local',
    find,
    locate,
    names: () => namesIn(directory).filter((name) => isThere(place(name))),
    create: (name, request) => {
      checkOptions(request.options ?? {});
      for (;;) {
        makeVolume(directory, name, request);
        const made = find(name);
        if (made !== undefined) return made;
        // Otherwise somebody has removed it meanwhile.
        if (isThere(join(directory, name)) && find(name) === undefined)
          throw new UserError('no-volume', `${join(directory, name)} is there, and is no volume`, {
            hint: 'move it away, or choose another name',
          });
      }
    },
    remove: (name) => {
      if (isMounted(place(name)))
        throw new UserError('volume-mounted', `volume ${name} is mounted at ${place(name)}`, {
          hint: 'unmount it first',
        });
      const aside = mkdtempSync(join(directory, '.gone-'));
      try {
        renameSync(join(directory, name), join(aside, name));
        sync(directory);
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
      } finally {
        // Whatever depth somebody has given it.
        removeDirectorySync(aside);
      }
    },
    mount: (name) => {
      const options = find(name)?.options ?? {};
      if (options.device !== undefined && !isMounted(place(name))) runMount(name, options, place(name));
      return place(name);
    },
    unmount: (name) => {
      if (isMounted(place(name))) spawnSync('umount', ['-i', '--', place(name)], { stdio: 'ignore' });
    },
  };
}

function checkOptions(options: Readonly<Record<string, string>>): void {
  for (const key of Object.keys(options)) {
    if (needs[key] === undefined)
      throw new UserError('bad-volume-option', `invalid option: "${key}"`, {
        hint: 'the driver local knows type, o and device',
      });
    for (const needed of needs[key]) {
      if (options[needed] === undefined || options[needed] === '')
        throw new UserError('bad-volume-option', `missing required option: "${needed}"`, {
          hint: `--opt ${key}= goes together with --opt ${needed}=`,
        });
    }
  }
}

function makeVolume(directory: string, name: string, { options = {}, labels = {} }: NewVolume): void {
  mkdirSync(directory, { recursive: true, mode: 0o701 });
  if (isThere(join(directory, name, '_data'))) return;
  // A copy of the data root made by a program that leaves empty directories out.
  if (isThere(join(directory, name, 'opts.json'))) {
    mkdirSync(join(directory, name, '_data'), { recursive: true, mode: 0o755 });
    return;
  }
  const made = mkdtempSync(join(directory, '.new-'));
  try {
    mkdirSync(join(made, 'volume'), { mode: 0o701 });
    mkdirSync(join(made, 'volume', '_data'), { mode: 0o755 });
    const record: VolumeRecord = {
      ...(options.device === undefined
        ? {}
        : { MountType: options.type ?? '', MountOpts: options.o ?? '', MountDevice: options.device }),
      Labels: labels,
      CreatedAt: new Date().toISOString(),
    };
    writeFileSync(join(made, 'volume', 'opts.json'), JSON.stringify(record), { mode: 0o600 });
    sync(join(made, 'volume', 'opts.json'));
    sync(join(made, 'volume'));
    renameSync(join(made, 'volume'), join(directory, name));
    sync(directory);
  } catch (thrown) {
    // Somebody else was first: the volume is there, which is what was wanted.
    const { code } = thrown as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw thrown;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Docker writes none for a volume without options. UserError `broken-file`. */
function readRecord(directory: string, name: string): VolumeRecord {
  const path = join(directory, name, 'opts.json');
  try {
    return parseJson(readFileSync(path, 'utf8'), volumeRecordSchema, path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return {};
    if (!isBroken(thrown)) throw thrown;
    throw new UserError(thrown.code, thrown.message, {
      hint: `without that file the volume is one of no options and no labels; strata volume rm ${name} removes it with its content`,
      cause: thrown,
    });
  }
}

/** The content of a file, or the names in a directory, outlast a loss of power from now on. */
function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function optionsOf({ MountType, MountOpts, MountDevice }: VolumeRecord): Record<string, string> {
  const all = { type: MountType, o: MountOpts, device: MountDevice };
  return Object.fromEntries(
    Object.entries(all).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
    ),
  );
}

function namesIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  }
}

function isMounted(path: string): boolean {
  return findMountAt(nameFromText(path)) !== undefined;
}

function runMount(name: string, options: Readonly<Record<string, string>>, at: string): void {
  const args = ['-t', options.type ?? '', ...(options.o === undefined ? [] : ['-o', options.o])];
  const { status, stderr } = spawnSync('mount', [...args, '--', options.device ?? '', at], {
    encoding: 'utf8',
  });
  if (status === 0) return;
  const said =
    stderr
      .trim()
      .split('\n')[0]
      ?.replace(/^mount: /, '') ?? '';
  throw new UserError('volume-mount', `failed to mount local volume ${name}: ${said}`, {
    hint: `mount ${args.join(' ')} ${options.device ?? ''} is what was tried: see 'strata volume inspect ${name}'`,
  });
}
