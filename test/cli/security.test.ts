/** What a container may do beyond Docker's usual capabilities, and what it may not. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { usualSeccompFile } from '../../src/run/seccomp.ts';
import { needs } from '../fixtures/needs.ts';
import { addProgram, makeSmallRoot } from '../run/fixtures/small-root.ts';
import { containerNeeds, makeStrata } from './fixtures/strata.ts';

t.test('filters and privileges', needs(...containerNeeds, 'program:setarch'), async (t) => {
  const { run, get, scratch } = makeStrata(t, (path) => addProgram(makeSmallRoot(path), 'setarch'));
  const usual = usualSeccompFile();
  /** personality(2) with ADDR_NO_RANDOMIZE, which needs no capability: no usual filter lets it through. */
  const call = ['setarch', '-R', 'true'];
  const refused = { status: 1, stderr: /failed to set personality/ };
  const expected = usual === undefined ? { status: 0 } : refused;

  await t.test('the usual filter of system calls', (t) => {
    t.match(run('run', '--rm', 'base', ...call), expected);
    t.match(run('run', '--rm', '--security-opt', 'seccomp=builtin', 'base', ...call), expected);
    t.match(run('run', '--rm', '--security-opt', 'seccomp=unconfined', 'base', ...call), { status: 0 });
    get('run', '-d', '--name', 'long', 'base', 'sleep', '1000');
    t.match(run('exec', 'long', ...call), expected, 'exec has it, too');
    t.equal(get('inspect', '-f', '{{.HostConfig.SeccompProfile}}', 'long'), usual ?? 'unconfined');
    t.equal(get('info', '-f', '{{.seccomp}}'), usual ?? 'unconfined');
    get('rm', '-f', 'long');
    writeFileSync(
      `${scratch.path}/Dockerfile`,
      `FROM base\nRUN ${call.join(' ')} && echo none >/filter || echo one >/filter\n`,
    );
    get('build', '-t', 'built', '-f', 'Dockerfile', scratch.directory('context'));
    t.equal(
      get('run', '--rm', 'built', 'cat', '/filter'),
      usual === undefined ? 'none' : 'one',
      'so has RUN',
    );
    t.end();
  });

  await t.test('a filter of its own', (t) => {
    const errno = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errno: 'EXDEV' };
    const profile = (rules: object): string =>
      JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rules] });
    writeFileSync(`${scratch.path}/own.json`, profile(errno));
    get('create', '--name', 'own', '--security-opt', 'seccomp=own.json', 'base', 'mkdir', '/d');
    // It was read when the container was made.
    writeFileSync(`${scratch.path}/own.json`, '');
    t.match(run('start', '-a', 'own'), { status: 1, stderr: /cross-device/ });
    t.match(JSON.parse(get('inspect', 'own')), [
      { HostConfig: { SeccompProfile: 'own', SecurityOpt: [/^seccomp=\{"defaultAction":"SCMP_ACT_ALLOW"/] } },
    ]);
    get('rm', 'own');
    const excludes = { caps: ['CAP_NET_ADMIN'] };
    writeFileSync(`${scratch.path}/own.json`, profile({ ...errno, excludes }));
    const own = ['run', '--rm', '--security-opt', 'seccomp=own.json'];
    t.match(run(...own, 'base', 'mkdir', '/d'), { status: 1, stderr: /cross-device/ });
    t.match(run(...own, '--cap-add', 'NET_ADMIN', 'base', 'mkdir', '/d'), { status: 0 });
    t.match(run('run', '--rm', '--security-opt', 'seccomp=absent.json', 'base', 'true'), {
      status: 125,
      stderr: /absent\.json is no seccomp profile: there is no such file/,
    });
    t.match(run('run', '--rm', '--security-opt', 'seccomp=', 'base', 'true'), {
      status: 125,
      stderr: /not there/,
    });
    t.end();
  });

  await t.test('privileges', (t) => {
    const rights = 'while read k v; do case $k in CapEff:|Seccomp:) echo $v;; esac; done < /proc/self/status';
    const [, all = ''] = /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
    const tries = [
      'echo own > /proc/sys/kernel/domainname && echo sysctl',
      '[ -w /sys/kernel/mm ] && echo sys',
      'true < /dev/fuse && echo device',
      '[ ! -c /proc/timer_list ] && echo unmasked',
    ].join('; ');
    const nodes =
      'for f in /dev/* /dev/*/*; do [ ! -L $f ] && { [ -c $f ] || [ -b $f ]; } && stat -c "%n %t:%T %a %u:%g" $f; done; true';
    const outside = execFileSync('bash', ['-c', nodes], { encoding: 'utf8' });
    const theirs = (text: string): string[] =>
      text
        .split('\n')
        .filter(
          (line) => !/^$|^\/dev\/(pts|ptmx|console|shm|mqueue|fd|tty |null|zero|full|u?random)/.test(line),
        );
    get('run', '-d', '--name', 'mighty', '--privileged', '--cap-drop', 'ALL', 'base', 'sleep', '1000');
    t.equal(get('exec', 'mighty', 'sh', '-c', rights), `${all}\n0`);
    t.equal(get('exec', 'mighty', 'sh', '-c', tries), 'sysctl\nsys\ndevice\nunmasked');
    t.same(
      theirs(get('exec', 'mighty', 'sh', '-c', nodes)),
      theirs(outside),
      'devices, with owners and modes',
    );
    t.ok(theirs(outside).some((line) => line.startsWith('/dev/fuse ')));
    t.match(JSON.parse(get('inspect', 'mighty')), [
      { HostConfig: { Privileged: true, SeccompProfile: 'unconfined' } },
    ]);
    get('rm', '-f', 'mighty');
    t.match(run('run', '--rm', 'base', 'sh', '-c', `${tries}; true`), { status: 0, stdout: '' });
    writeFileSync(`${scratch.path}/own.json`, '{"defaultAction":"SCMP_ACT_ALLOW"}');
    const filtered = ['--privileged', '--security-opt', 'seccomp=own.json'];
    t.equal(
      get('run', '--rm', ...filtered, 'base', 'sh', '-c', rights),
      `${all}\n2`,
      'a filter that was asked for',
    );
    t.equal(
      get('run', '--rm', '--privileged', '-u', 'app', 'base', 'sh', '-c', rights),
      `${'0'.repeat(16)}\n0`,
    );
    t.end();
  });
});
