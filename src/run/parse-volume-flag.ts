/**
 * `-v`, `--volume`: `TARGET`, or `SOURCE:TARGET[:OPTIONS]`, with Docker's spellings. A source with a slash in front, or a
 * dot, is a directory of the host; any other is the name of a volume.
 */
import { resolve } from 'node:path';
import { UserError } from '../base/user-error.ts';
import { mountTarget, propagations, type MountRequest, type Propagation } from './mount-request.ts';
import { checkVolumeName } from './volume-name.ts';

interface Mode {
  readonly readOnly: boolean;
  readonly noCopy: boolean;
  readonly propagation: Propagation | undefined;
}

/** Kinds of options, of each of which there may be one. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  access: ['ro', 'rw'],
  label: ['z', 'Z'],
  copy: ['nocopy'],
  propagation: propagations,
  consistency: ['consistent', 'cached', 'delegated'],
};

/** Relative sources are below `cwd`. UserError `bad-mount`, `bad-volume-name`. */
export function parseVolumeFlag(text: string, cwd: string): MountRequest {
  const [first = '', second, mode, ...more] = text.split(':');
  if (more.length > 0 || first === '' || second === '')
    throw new UserError('bad-mount', `invalid volume specification: '${text}'`, {
      hint: 'it is TARGET, or SOURCE:TARGET[:OPTIONS], as in -v data:/var/lib/data:ro',
    });
  if (second !== undefined && mode === undefined && isMode(second))
    throw new UserError('bad-mount', `invalid volume specification: '${text}'`, {
      hint: `options need a source: -v NAME:${first}:${second}`,
    });
  const target = attempt(text, () => mountTarget(second ?? first));
  const options = parseMode(mode ?? '');
  if (second === undefined) return volume(undefined, target, options);
  if (!/^[/.]/.test(first)) {
    checkVolumeName(first);
    return volume(first, target, options);
  }
  if (options.noCopy)
    throw new UserError('bad-mount', `invalid volume specification: '${text}'`, {
      hint: 'nocopy is for volumes, a bind mount copies nothing',
    });
  return {
    type: 'bind',
    source: resolve(cwd, first),
    target,
    readOnly: options.readOnly,
    propagation: options.propagation ?? 'rprivate',
    createSource: true,
    recursive: true,
  };
}

function volume(source: string | undefined, target: string, mode: Mode): MountRequest {
  if (mode.propagation !== undefined)
    throw new UserError('bad-mount', `invalid mode: ${mode.propagation}`, {
      hint: 'propagation is for bind mounts',
    });
  return { type: 'volume', source, target, readOnly: mode.readOnly, noCopy: mode.noCopy };
}

function isMode(text: string): boolean {
  return text.split(',').every((option) => kindOf(option) !== undefined);
}

function kindOf(option: string): string | undefined {
  return Object.keys(kinds).find((kind) => kinds[kind]?.includes(option));
}

/** Labels (`z`, `Z`) and consistency are read and mean nothing here. */
function parseMode(text: string): Mode {
  const found = new Map<string, string>();
  for (const option of text === '' ? [] : text.split(',')) {
    const kind = kindOf(option);
    if (kind === undefined || found.has(kind))
      throw new UserError('bad-mount', `invalid mode: ${text}`, {
        hint: `options are ${Object.values(kinds).flat().join(', ')}`,
      });
    found.set(kind, option);
  }
  return {
    readOnly: found.get('access') === 'ro',
    noCopy: found.has('copy'),
    propagation: found.get('propagation') as Propagation | undefined,
  };
}

function attempt(text: string, parse: () => string): string {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    throw new UserError(cause.code, `invalid volume specification: '${text}': ${cause.message}`, {
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
      cause,
    });
  }
}
