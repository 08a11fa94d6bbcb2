/**
 * The command line of `stratafs`: that of fuse-overlayfs, so that its clients need not know the
 * difference. Options may stand before and after the mount point; mount(8) and containerd put a source
 * before it. `parseArgs` of Node reads it: a parser with more to offer takes a sixth of the time that a
 * mount may take to load.
 */
import { parseArgs } from 'node:util';
import { asName, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import type { FormatOptions, MountFlags, MountSpec } from './mount-spec.ts';
import { addOptions, noOptions, type MountOptions } from './mount-options.ts';

/** As what it was called: by a link of the other name it stands in for that program. */
export type ProgramName = 'stratafs' | 'fuse-overlayfs';

export type Command =
  | { readonly act: 'help'; readonly program: ProgramName }
  | { readonly act: 'version'; readonly program: ProgramName }
  | { readonly act: 'settle'; readonly spec: Omit<MountSpec, 'mountPoint'> }
  | {
      readonly act: 'remount';
      readonly mountPoint: Name;
      readonly flags: Pick<MountFlags, 'set' | 'cleared'>;
      readonly reportTo: number | undefined;
    }
  | {
      readonly act: 'mount';
      readonly spec: MountSpec;
      readonly foreground: boolean;
      /** The descriptor that wants to hear when the mount answers (`os/reporting-child.ts`). */
      readonly reportTo: number | undefined;
      /** Options that nobody knows, which fuse-overlayfs names and ignores. */
      readonly unknown: readonly string[];
      /** Names of signals that whoever called ignores. */
      readonly ignored: readonly string[];
    };

const options = {
  option: { type: 'string', short: 'o', multiple: true },
  foreground: { type: 'boolean', short: 'f' },
  debug: { type: 'boolean', short: 'd' },
  single: { type: 'boolean', short: 's' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
  settle: { type: 'boolean' },
  door: { type: 'string' },
  report: { type: 'string' },
  // Of the launcher.
  as: { type: 'string' },
  ignored: { type: 'string', multiple: true },
} as const;

/**
 * Reads the arguments, latin1 strings; relative paths are below `cwd`. UserError (exit status 1) where
 * they make no sense; see also `addOptions`.
 */
export function parseCommandLine(args: readonly string[], cwd: Name): Command {
  const { values, positionals } = parse(args);
  const program = values.as === 'fuse-overlayfs' ? 'fuse-overlayfs' : 'stratafs';
  if (values.help === true) return { act: 'help', program };
  if (values.version === true) return { act: 'version', program };
  const given = noOptions();
  const unknown = (values.option ?? []).flatMap((list) => addOptions(given, list));
  if (values.door !== undefined) unknown.push(...addOptions(given, `door=${values.door}`));
  // With those, mount(8) hands on what the kernel shows of the mount.
  if (program !== 'fuse-overlayfs' && !given.remount) refuseUnknown(unknown);
  given.debug ||= values.debug ?? false;
  const [source, mountPoint] = positionals.length > 1 ? positionals : [undefined, positionals[0]];
  if (values.settle === true) {
    if (positionals.length > 0) throw usage('--settle takes no mount point');
    return { act: 'settle', spec: specOf(given, { program, cwd }) };
  }
  if (mountPoint === undefined || mountPoint === '') throw usage('the mount point is missing');
  if (positionals.length > 2) throw usage(`'${positionals[2] ?? ''}' is one argument too many`);
  const at = { mountPoint: absolute(mountPoint, cwd) };
  const reportTo = values.report === undefined ? undefined : Number(values.report);
  if (given.remount) {
    const flags = { set: given.setFlags, cleared: given.clearedFlags };
    return { act: 'remount', ...at, flags, reportTo };
  }
  return {
    act: 'mount',
    spec: { ...specOf(given, { source, program, cwd }), ...at },
    // `-o debug` comes from mount(8) and its like, too, which wait until this program has ended.
    foreground: (values.foreground ?? false) || (values.debug ?? false),
    reportTo,
    unknown,
    ignored: values.ignored ?? [],
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw usage(message.split(/[.'"]? To specify|\n/)[0] ?? message);
  }
}

function usage(message: string): UserError {
  return new UserError('usage', message, { hint: 'stratafs -h shows how it is called' });
}

function refuseUnknown([name]: readonly string[]): void {
  if (name === undefined) return;
  throw new UserError('unknown-option', `unknown mount option '${name}'`, {
    hint: 'stratafs -h names the options there are',
  });
}

/**
 * Who comes from fuse-overlayfs, and may go back to it, gets an upper that it can read
 * (docs/decisions/008-an-upper-that-can-go-back.md).
 */
function plainUnlessTold(format: FormatOptions): FormatOptions {
  const { metacopy = false, redirectDir = 'off', index = false } = format;
  return { ...format, metacopy, redirectDir, index };
}

interface Circumstances {
  readonly source?: string | undefined;
  readonly program: ProgramName;
  readonly cwd: Name;
}

function specOf(given: MountOptions, { source, program, cwd }: Circumstances): Omit<MountSpec, 'mountPoint'> {
  if (given.lower.length === 0) throw usage('no layers are given, -o lowerdir=TOP:...:BOTTOM is missing');
  if ((given.upper === undefined) !== (given.work === undefined)) {
    const [is, lacks] = given.upper === undefined ? ['workdir', 'upperdir'] : ['upperdir', 'workdir'];
    throw new UserError('incomplete-upper', `${is} is given without ${lacks}`, {
      hint: 'give both for a mount that can be written, neither for one that cannot',
    });
  }
  const path = (name: Name): Name => absolute(name, cwd);
  return {
    layers: {
      lower: given.lower.map(path),
      dataOnly: given.dataOnly.map(path),
      upper: given.upper === undefined ? undefined : path(given.upper),
      work: given.work === undefined ? undefined : path(given.work),
    },
    format: program === 'fuse-overlayfs' ? plainUnlessTold(given.format) : given.format,
    identity: given.identity,
    mount: {
      set: given.setFlags,
      cleared: given.clearedFlags,
      propagation: given.propagation,
      labels: given.labels,
      maxRead: given.maxRead,
      allowOther: given.allowOther,
      // mount.fuse3 hands on an empty one, which mount(2) refuses.
      source: given.source ?? asName(source === undefined || source === '' ? program : source),
      subtype: given.subtype ?? asName(program),
    },
    door: {
      door: given.door,
      passthrough: given.passthrough,
      lowLatency: given.lowLatency,
      writeback: given.writeback,
      maxWrite: given.maxWrite,
      timeoutSec: given.timeoutSec,
    },
    shared: given.shared,
    debug: given.debug,
    log: given.log === undefined ? undefined : path(given.log),
  };
}

/** `..` stays: after a symbolic link it is not what the text says. */
function absolute(path: string, cwd: Name): Name {
  return asName(path.startsWith('/') ? path : `${cwd === '/' ? '' : cwd}/${path}`);
}
