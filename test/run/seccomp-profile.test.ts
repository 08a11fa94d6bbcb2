import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import t from 'tap';
import { readSeccompProfile, seccompSpec, type SeccompSubject } from '../../src/run/seccomp-profile.ts';
import { makeScratch } from '../fixtures/mount.ts';

const scratch = makeScratch(t);
let counter = 0;

function file(text: string): string {
  const path = `${scratch.path}/${String(++counter)}.json`;
  writeFileSync(path, text);
  return path;
}

const allow = (names: string[], more: object = {}): object => ({ names, action: 'SCMP_ACT_ALLOW', ...more });

/** As podman's file has it, with all that a rule may depend on. */
const profile = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 38,
  defaultErrno: 'ENOSYS',
  archMap: [
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: null },
  ],
  flags: ['SECCOMP_FILTER_FLAG_LOG'],
  syscalls: [
    allow(['always', 'more'], { comment: '', includes: {}, excludes: {}, args: [] }),
    { name: 'one', action: 'SCMP_ACT_ERRNO', errno: 'EXDEV', args: null },
    allow(['if-admin'], { includes: { caps: ['CAP_SYS_ADMIN'] } }),
    { names: ['if-admin'], action: 'SCMP_ACT_ERRNO', errnoRet: 1, excludes: { caps: ['CAP_SYS_ADMIN'] } },
    allow(['if-both'], { includes: { caps: ['CAP_SYS_ADMIN', 'CAP_BPF'] } }),
    allow(['if-none'], { excludes: { caps: ['CAP_SYS_ADMIN', 'CAP_BPF'] } }),
    allow(['amd'], { includes: { arches: ['amd64', 'x32'] } }),
    allow(['not-arm'], { excludes: { arches: ['arm64'] } }),
    allow(['since-5.10'], { includes: { minKernel: '5.10' } }),
    allow(['before-5.10'], { excludes: { minKernel: '5.10' } }),
    allow(['some'], { args: [{ index: 1, value: 8, valueTwo: 4, op: 'SCMP_CMP_MASKED_EQ' }] }),
  ],
};

t.test('rules hold for some and not for others', (t) => {
  const read = readSeccompProfile(file(JSON.stringify(profile)));
  const of = (subject: SeccompSubject) =>
    seccompSpec(read, subject) as { architectures: string[]; syscalls: { names: string[] }[] };
  const names = (subject: SeccompSubject): string =>
    of(subject)
      .syscalls.flatMap(({ names }) => names)
      .join(' ');
  const usual: SeccompSubject = { capabilities: ['CAP_CHOWN'], arch: 'x64', kernel: '6.1.0-13-amd64' };
  t.equal(names(usual), 'always more one if-admin if-none amd not-arm since-5.10 some');
  t.match(of(usual), {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 38,
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    flags: ['SECCOMP_FILTER_FLAG_LOG'],
    syscalls: [
      { names: ['always', 'more'], action: 'SCMP_ACT_ALLOW', args: [] },
      { names: ['one'], action: 'SCMP_ACT_ERRNO', errnoRet: constants.errno.EXDEV, args: [] },
      { names: ['if-admin'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
    ],
  });
  t.same(of(usual).syscalls.at(-1), {
    names: ['some'],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 1, value: 8, valueTwo: 4, op: 'SCMP_CMP_MASKED_EQ' }],
  });
  const admin: SeccompSubject = { ...usual, capabilities: ['CAP_SYS_ADMIN'] };
  t.match(of(admin).syscalls[2], { names: ['if-admin'], action: 'SCMP_ACT_ALLOW' });
  t.equal(names(admin), 'always more one if-admin amd not-arm since-5.10 some');
  t.match(names({ ...usual, capabilities: ['CAP_SYS_ADMIN', 'CAP_BPF'] }), /if-both/);
  const arm: SeccompSubject = { ...usual, arch: 'arm64', kernel: '5.9.16' };
  t.equal(names(arm), 'always more one if-admin if-none before-5.10 some');
  t.same(of(arm).architectures, ['SCMP_ARCH_AARCH64']);
  t.match(names({ ...usual, kernel: '4.20' }), /before-5.10/);
  const own = readSeccompProfile(
    file('{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_ARM"]}'),
  );
  t.same(seccompSpec(own, usual), {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: ['SCMP_ARCH_ARM'],
    syscalls: [],
  });
  t.end();
});

t.test('what is no profile', (t) => {
  const rule = (text: string): string => `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[${text}]}`;
  for (const [text, message] of [
    ['', /is not JSON/],
    ['[]', /defaultAction/],
    ['7', /all of it/],
    ['{"defaultAction":"SCMP_ACT_SOME"}', /defaultAction: .*SCMP_ACT_SOME/],
    ['{"defaultAction":"SCMP_ACT_ALLOW","architectures":["amd64"]}', /architectures\.0: no architecture/],
    [
      '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],"archMap":[{"architecture":"SCMP_ARCH_X86"}]}',
      /architectures and archMap/,
    ],
    [rule('{"action":"SCMP_ACT_ALLOW"}'), /syscalls\.0: either name or names/],
    [rule('{"name":"a","names":["b"],"action":"SCMP_ACT_ALLOW"}'), /syscalls\.0: either name or names/],
    [rule('{"names":["b"],"action":"SCMP_ACT_ERRNO","errno":"ENOTHING"}'), /errno: no error/],
    [rule('{"names":["b"],"action":"SCMP_ACT_ERRNO","errnoRet":-1}'), /errnoRet/],
    [
      rule('{"names":["b"],"action":"SCMP_ACT_ERRNO","args":[{"index":6,"value":0,"op":"SCMP_CMP_EQ"}]}'),
      /index/,
    ],
    [rule('{"names":["b"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":0,"op":"EQ"}]}'), /op/],
    [
      rule('{"names":["b"],"action":"SCMP_ACT_ERRNO","includes":{"minKernel":"new"}}'),
      /minKernel: no kernel/,
    ],
  ] as const)
    t.throws(() => readSeccompProfile(file(text)), { code: 'bad-seccomp', message }, text);
  t.throws(() => readSeccompProfile(`${scratch.path}/absent`), {
    code: 'bad-seccomp',
    message: /no such file/,
  });
  t.throws(() => readSeccompProfile(scratch.path), { code: 'bad-seccomp', message: /EISDIR/ });
  t.end();
});
