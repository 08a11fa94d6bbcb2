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
  const [os, architecture, variant, ...more] = text.toLowerCase().split('/');
  const isOwn =
    os === own.os &&
    (architecture === own.architecture || aliases[architecture ?? ''] === own.architecture) &&
    // arm64/v8 is the only one of its kind.
    (variant === undefined || variant === own.variant || (own.architecture === 'arm64' && variant === 'v8'));
  if (isOwn && more.length === 0) return;
  throw new UserError('foreign-platform', `the platform ${text} is not this machine's`, {
    hint: `leave --platform out, or write --platform=${platformText(own)}; other processors are not emulated`,
  });
}

const aliases: Readonly<Record<string, string>> = { x86_64: 'amd64', 'x86-64': 'amd64', aarch64: 'arm64' };

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
