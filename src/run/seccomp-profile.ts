/**
 * Which system calls a container may make: a profile as Docker and podman write it (containers/common, pkg/seccomp), in
 * which rules hold for capabilities, architectures and kernels, and what a runtime is told of it (runtime-spec,
 * config-linux.md, "Seccomp"), in which they hold.
 */
import { readFileSync } from 'node:fs';
import { constants, release } from 'node:os';
import * as v from 'valibot';
import { UserError } from '../base/user-error.ts';

const action = v.picklist(
  ['KILL', 'KILL_PROCESS', 'KILL_THREAD', 'TRAP', 'ERRNO', 'TRACE', 'ALLOW', 'LOG', 'NOTIFY'].map(
    (name) => `SCMP_ACT_${name}`,
  ),
);
const operator = v.picklist(
  ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'].map((name) => `SCMP_CMP_${name}`),
);
const architecture = v.pipe(
  v.string(),
  v.regex(/^SCMP_ARCH_[A-Z0-9_]+$/, 'no architecture: SCMP_ARCH_X86_64'),
);
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const errnoName = v.pipe(
  v.string(),
  v.check((name) => name in constants.errno, 'no error of the system: EPERM'),
);
/** Go writes what is empty as null. */
const list = <Item extends v.GenericSchema>(item: Item) => v.nullish(v.array(item));

const conditions = v.nullish(
  v.object({
    caps: list(v.string()),
    arches: list(v.string()),
    minKernel: v.nullish(v.pipe(v.string(), v.regex(/^\d+\.\d+/, 'no kernel: 4.8'))),
  }),
);

const profileSchema = v.object({
  defaultAction: action,
  defaultErrnoRet: v.nullish(count),
  defaultErrno: v.nullish(errnoName),
  architectures: list(architecture),
  archMap: list(v.object({ architecture, subArchitectures: list(architecture) })),
  flags: list(v.string()),
  listenerPath: v.optional(v.string()),
  listenerMetadata: v.optional(v.string()),
  syscalls: list(
    v.object({
      name: v.optional(v.string()),
      names: list(v.string()),
      action,
      errnoRet: v.nullish(count),
      errno: v.nullish(errnoName),
      args: list(
        v.object({
          index: v.pipe(count, v.maxValue(5)),
          value: count,
          valueTwo: v.optional(count),
          op: operator,
        }),
      ),
      includes: conditions,
      excludes: conditions,
    }),
  ),
});

/** As it stands in a file, checked. */
export type SeccompProfile = v.InferOutput<typeof profileSchema>;
type Conditions = v.InferOutput<typeof conditions>;

/** What rules may depend on. */
export interface SeccompSubject {
  /** Of the bounding set, with `CAP_`. */
  readonly capabilities: readonly string[];
  /** As Node names it; this machine's unless told. */
  readonly arch?: string;
  /** As uname(2) has it. */
  readonly kernel?: string;
}

/** Node's name of an architecture: the one in conditions, and libseccomp's. */
const architectures: Readonly<Record<string, readonly [name: string, scmp: string]>> = {
  x64: ['amd64', 'SCMP_ARCH_X86_64'],
  ia32: ['x86', 'SCMP_ARCH_X86'],
  arm64: ['arm64', 'SCMP_ARCH_AARCH64'],
  arm: ['arm', 'SCMP_ARCH_ARM'],
  ppc64: ['ppc64le', 'SCMP_ARCH_PPC64LE'],
  riscv64: ['riscv64', 'SCMP_ARCH_RISCV64'],
  s390x: ['s390x', 'SCMP_ARCH_S390X'],
  loong64: ['loongarch64', 'SCMP_ARCH_LOONGARCH64'],
  mipsel: ['mipsel', 'SCMP_ARCH_MIPSEL'],
};

/** Reads a profile. UserError `bad-seccomp`, which says what is wrong where. */
export function readSeccompProfile(file: string): SeccompProfile {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw badProfile(file, 'there is no such file', cause);
    throw badProfile(
      file,
      code === undefined ? `it is not JSON: ${message}` : `it cannot be read (${code})`,
      cause,
    );
  }
  const result = v.safeParse(profileSchema, value);
  if (!result.success) {
    const [issue] = result.issues;
    throw badProfile(file, `${v.getDotPath(issue) ?? 'all of it'}: ${issue.message}`);
  }
  const { output } = result;
  if ((output.architectures ?? []).length > 0 && (output.archMap ?? []).length > 0)
    throw badProfile(file, 'it has architectures and archMap: one of them says it');
  for (const [at, { name, names }] of (output.syscalls ?? []).entries()) {
    if ((name === undefined) !== (names ?? []).length > 0)
      throw badProfile(file, `syscalls.${String(at)}: either name or names says which they are`);
  }
  return output;
}

/** `linux.seccomp` of config.json. */
export function seccompSpec(profile: SeccompProfile, subject: SeccompSubject): object {
  const { defaultAction, flags, listenerPath, listenerMetadata } = profile;
  const [, native] = architectures[subject.arch ?? process.arch] ?? ['', ''];
  const own = profile.archMap?.find((entry) => entry.architecture === native);
  const mapped = own === undefined ? [] : [own.architecture, ...(own.subArchitectures ?? [])];
  return {
    defaultAction,
    ...errnoOf(profile.defaultErrnoRet, profile.defaultErrno, 'defaultErrnoRet'),
    architectures: [...(profile.architectures ?? []), ...mapped],
    ...((flags ?? []).length === 0 ? {} : { flags }),
    ...(listenerPath === undefined ? {} : { listenerPath }),
    ...(listenerMetadata === undefined ? {} : { listenerMetadata }),
    syscalls: (profile.syscalls ?? [])
      .filter(({ includes, excludes }) => holds(includes, subject) && !isExcluded(excludes, subject))
      .map(({ name, names, action: what, args, errnoRet, errno }) => ({
        names: name === undefined ? names : [name],
        action: what,
        ...errnoOf(errnoRet, errno, 'errnoRet'),
        args: args ?? [],
      })),
  };
}

/** All of it. */
function holds(includes: Conditions, subject: SeccompSubject): boolean {
  const { caps, arches, minKernel } = includes ?? {};
  return (
    (caps ?? []).every((name) => subject.capabilities.includes(name)) &&
    ((arches ?? []).length === 0 || isArch(arches, subject)) &&
    isKernel(minKernel, subject, true)
  );
}

/** Any of it. */
function isExcluded(excludes: Conditions, subject: SeccompSubject): boolean {
  const { caps, arches, minKernel } = excludes ?? {};
  return (
    (caps ?? []).some((name) => subject.capabilities.includes(name)) ||
    isArch(arches, subject) ||
    isKernel(minKernel, subject, false)
  );
}

function isArch(arches: readonly string[] | null | undefined, subject: SeccompSubject): boolean {
  return (arches ?? []).includes(architectures[subject.arch ?? process.arch]?.[0] ?? '');
}

/** `otherwise`: where nothing is said of kernels. */
function isKernel(minimum: string | null | undefined, subject: SeccompSubject, otherwise: boolean): boolean {
  if (minimum === undefined || minimum === null) return otherwise;
  const parts = (text: string): [number, number] => {
    const [major = 0, minor = 0] = text.split('.').map((part) => Number.parseInt(part, 10));
    return [major, minor];
  };
  const [[major, minor], [least, leastMinor]] = [parts(subject.kernel ?? release()), parts(minimum)];
  return major > least || (major === least && minor >= leastMinor);
}

/** Podman's files have both, the number for those that know no names. */
function errnoOf(
  number: number | null | undefined,
  name: string | null | undefined,
  key: 'errnoRet' | 'defaultErrnoRet',
): object {
  const value =
    number ??
    (name === undefined || name === null ? undefined : constants.errno[name as keyof typeof constants.errno]);
  return value === undefined ? {} : { [key]: value };
}

function badProfile(file: string, what: string, cause?: unknown): UserError {
  return new UserError('bad-seccomp', `${file} is no seccomp profile: ${what}`, {
    hint: 'it is JSON like /usr/share/containers/seccomp.json, or say seccomp=unconfined',
    cause,
  });
}
