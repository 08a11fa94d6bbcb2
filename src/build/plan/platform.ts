/**
 * Platforms as `os/architecture[/variant]`. Steps run on this machine's processor, so a build is for its platform
 * alone; another one is an error rather than an image that cannot run.
 */
import { UserError } from '../../base/user-error.ts';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** Node's names to Go's, where they differ. */
const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
  loong64: 'loong64',
};

/** Of this machine. */
export function ownPlatform(arch: string = process.arch): Platform {
  const architecture = architectures[arch] ?? arch;
  return { os: 'linux', architecture, ...(architecture === 'arm' ? { variant: 'v7' } : {}) };
}

export function platformText({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** UserError `foreign-platform` for any platform but `own`. */
export function checkPlatform(text: string, own: Platform): void {
  const asked = findPlatform(text, own);
  if (asked !== undefined && platformText(asked) === platformText(own)) return;
  throw new UserError('foreign-platform', `the platform ${text} is not this machine's`, {
    hint: `leave --platform out, or write --platform=${platformText(own)}; other processors are not emulated`,
  });
}

/** `OS/ARCHITECTURE[/VARIANT]`, or one of the first two alone, by their usual names (containerd: platforms.Parse). */
function findPlatform(text: string, own: Platform): Platform | undefined {
  const parts = text.toLowerCase().split('/');
  const [first = '', second = own.architecture, variant = ''] = parts;
  if (parts.length > 3) return undefined;
  // What stands in parentheses are versions of systems that have some.
  const os = first.replace(/\(.*\)$/, '');
  if (parts.length === 1 && os !== own.os) return { os: own.os, ...processor(os, '') };
  return { os, ...processor(second, variant) };
}

const aliases: ReadonlyMap<string, readonly [architecture: string, variant: string]> = new Map([
  ['x86_64', ['amd64', '']],
  ['x86-64', ['amd64', '']],
  ['i386', ['386', '']],
  ['aarch64', ['arm64', '']],
  ['armhf', ['arm', 'v7']],
  ['armel', ['arm', 'v6']],
  ['arm', ['arm', 'v7']],
]);

/** Variants that go without saying: of amd64 the first, of arm64 the only one. */
const plainVariants: ReadonlyMap<string, string> = new Map([
  ['amd64', 'v1'],
  ['arm64', 'v8'],
]);

function processor(name: string, given: string): Omit<Platform, 'os'> {
  const [architecture, otherwise] = aliases.get(name) ?? [name, ''];
  const variant = (given === '' ? otherwise : given).replace(/^(?=\d)/, 'v');
  return variant === '' || variant === plainVariants.get(architecture)
    ? { architecture }
    : { architecture, variant };
}

/** The arguments that every build has: TARGETPLATFORM, BUILDARCH, ... */
export function platformArgs(own: Platform, targetStage: string): ReadonlyMap<string, string> {
  const of = (side: string) =>
    [
      [`${side}PLATFORM`, platformText(own)],
      [`${side}OS`, own.os],
      [`${side}OSVERSION`, ''],
      [`${side}ARCH`, own.architecture],
      [`${side}VARIANT`, own.variant ?? ''],
    ] as const;
  return new Map([...of('BUILD'), ...of('TARGET'), ['TARGETSTAGE', targetStage]]);
}
