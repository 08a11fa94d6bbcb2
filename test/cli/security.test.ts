/** What a container may do beyond Docker's usual capabilities, and what it may not. */
import { writeFileSync } from 'node:fs';
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
});
