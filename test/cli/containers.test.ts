import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readMounts } from '../../src/os/mountinfo.ts';
import t from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { containerNeeds, makeStrata, programPath } from './fixtures/strata.ts';

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly state: { readonly status: string; readonly exitCode?: number; readonly pid?: number };
}

t.test('containers', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { run, get } = strata;
  const ps = (): Listed[] => JSON.parse(get('ps', '-a', '--json')) as Listed[];
  const mountsHere = (): number =>
    readMounts().filter(({ mountPoint }) => mountPoint.startsWith(strata.root)).length;

  await t.test('the output and the exit status are those of the command', async (t) => {
    t.match(run('run', '--rm', 'base', 'sh', '-c', 'echo out; echo err >&2; exit 7'), {
      status: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    t.match(strata.feed('typed', 'run', '--rm', '-i', 'base', 'cat'), { status: 0, stdout: 'typed' });
    t.match(run('run', '--rm', 'base', 'absent'), { status: 127, stderr: /^strata: .*not found/ });
    t.match(run('run', '--rm', 'base', '/etc'), { status: 126, stderr: /^strata: .*permission denied/ });
    t.match(run('run', '--rm', 'absent'), { status: 125, stderr: /^strata: there is no image absent/ });
    t.match(run('run', '--rm', '--wrong', 'base'), { status: 125 });
    t.match(run('run', '--rm', '-u', 'absent', 'base', 'true'), {
      status: 125,
      stderr: /unable to find user/,
    });
    t.match(run('run', '--rm', 'base'), { status: 125, stderr: /no command specified/ });
    t.match(run('run', '--rm', '-p', '80:80', 'base', 'true'), { status: 125, stderr: /leave -p out/ });
    t.strictSame(ps(), [], 'none of them is left');
    t.equal(mountsHere(), 0);
    t.strictSame(readdirSync(`${strata.root}/image/overlay2/layerdb/mounts`), []);
  });

  await t.test('options', async (t) => {
    const show =
      'echo "$A $B $HOSTNAME"; pwd; id -u; id -G; cat /etc/hostname /proc/sys/kernel/hostname; echo x > /x';
    t.match(
      run(
        'run',
        '--rm',
        '-e',
        'A=1',
        '-e',
        'B',
        '-w',
        '/new/dir',
        '-u',
        'app',
        '-h',
        'box',
        '--read-only',
        '--network',
        'none',
        'base',
        'sh',
        '-c',
        show,
      ),
      { status: 1, stdout: '1  box\n/new/dir\n1000\n1001 1002\nbox\nbox\n', stderr: /Read-only file system/ },
    );
    const writeOwn = 'for f in hosts hostname resolv.conf; do echo x >>/etc/$f && echo $f; done; true';
    t.match(run('run', '--rm', '--read-only', 'base', 'sh', '-c', writeOwn), { status: 0, stdout: '' });
    t.match(run('run', '--rm', '--entrypoint', 'echo', 'base', '-l', '--rm'), { stdout: '-l --rm\n' });
    t.match(run('run', '--rm', '--network', 'none', 'base', 'ls', '/sys/class/net'), { stdout: 'lo\n' });
    const capabilities = get(
      'run',
      '--rm',
      '-u',
      'app',
      'base',
      'sh',
      '-c',
      'while read k v; do case $k in Cap*) echo $k $v;; esac; done < /proc/self/status',
    );
    t.match(capabilities, /CapEff: 0{16}\nCapBnd: 00000000a80425fb/);
    const own = ['--cap-drop', 'ALL', '--cap-add', 'net_admin', '--security-opt', 'no-new-privileges'];
    const showRights =
      'while read k v; do case $k in CapEff:|NoNew*) echo $k $v;; esac; done < /proc/self/status';
    const limited = 'CapEff: 0000000000001000\nNoNewPrivs: 1';
    t.equal(get('run', '--name', 'limited', ...own, 'base', 'sh', '-c', showRights), limited);
    t.equal(get('start', '-a', 'limited'), limited, 'in its next run, too');
    get('rm', 'limited');
    t.match(run('run', '--rm', '--cap-add', 'NONE', 'base', 'true'), { status: 125, stderr: /unknown cap/ });
    t.match(run('run', '--rm', '--security-opt', 'x', 'base', 'true'), { status: 125, stderr: /not there/ });
  });

  await t.test('a terminal', async (t) => {
    const command = `${programPath} run --rm -it base sh -c '[ -t 0 ] && [ -t 1 ] && echo yes'`;
    const env = { ...process.env, STRATA_ROOT: strata.root };
    const out = execFileSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8', env });
    t.match(out, /yes\r\n/);
    t.match(run('run', '--rm', '-it', 'base', 'true'), { status: 125, stderr: /not a TTY/ });
    const leaving = `${programPath} run -d --name left base sleep 1000`;
    execFileSync('script', ['-qec', leaving, '/dev/null'], { encoding: 'utf8', env });
    t.match(run('exec', 'left', 'echo', 'still here'), { stdout: 'still here\n' }, 'the terminal is gone');
    get('rm', '-f', 'left');
  });

  await t.test('one that runs on', async (t) => {
    const script = 'echo begun; while [ ! -e /stop ]; do sleep 0.05; done; echo ended; exit 3';
    const id = get('run', '-d', '--name', 'web', 'base', 'sh', '-c', script);
    t.match(id, /^[0-9a-f]{64}$/);
    t.match(ps(), [{ id, name: 'web', state: { status: 'running' } }]);
    t.match(run('run', '--name', 'web', 'base', 'true'), { status: 125, stderr: /already in use/ });
    t.match(run('rm', 'web'), { status: 1, stderr: /running/ });
    t.match(
      run(
        'exec',
        '-e',
        'A=b',
        '-w',
        '/etc',
        '-u',
        'app',
        'web',
        'sh',
        '-c',
        'echo $A $(pwd) $(id -u); exit 5',
      ),
      {
        status: 5,
        stdout: 'b /etc 1000\n',
      },
    );
    t.equal(run('exec', 'web', 'absent').status, 127);
    t.match(run('exec', '-u', 'absent', 'web', 'true'), {
      status: 126,
      stderr: /unable to find user absent/,
    });
    t.match(run('exec', '--wrong', 'web', 'true'), { status: 125 });
    t.match(run('exec', 'absent', 'true'), { status: 1, stderr: /no such container/ });
    const hostNames = (...options: string[]): string | undefined =>
      get('exec', ...options, 'web', 'env')
        .match(/^HOSTNAME=.*$/gm)
        ?.join();
    t.equal(hostNames(), `HOSTNAME=${get('inspect', '-f', '{{.Config.Hostname}}', 'web')}`);
    t.equal(hostNames('-e', 'HOSTNAME=own'), 'HOSTNAME=own');
    t.match(strata.feed('typed', 'exec', '-i', id.slice(0, 8), 'cat'), { stdout: 'typed' });
    const [waiting, following] = [strata.start('wait', 'web'), strata.start('logs', '-f', 'web')];
    get('exec', 'web', 'touch', '/stop');
    t.equal(await waiting.ended, 0);
    t.equal(waiting.output(), '3\n');
    await following.ended;
    t.equal(following.output(), 'begun\nended\n');
    t.match(run('exec', 'web', 'true'), { status: 1, stderr: /not running/ });
    t.equal(get('diff', 'web'), 'A /stop', 'the writable layer is still there');
    t.match(
      run('start', '-a', 'web'),
      { status: 3, stdout: 'begun\nended\n' },
      'and is the same in the next run',
    );
    t.match(get('logs', 'web'), 'begun\nended\nbegun\nended');
    t.match(JSON.parse(get('inspect', 'web')), [
      { Id: id, Name: '/web', State: { Status: 'exited', ExitCode: 3 } },
    ]);
    get('rm', 'web');
    t.match(run('logs', 'web'), { status: 1, stderr: /no such container/ });
  });

  await t.test('stop, kill, and what they leave', async (t) => {
    get('run', '-d', '--name', 'stubborn', 'base', 'sleep', '1000');
    t.match(run('kill', '-s', 'WRONG', 'stubborn'), { status: 1, stderr: /Invalid signal/ });
    get('stop', '-t', '1', 'stubborn');
    t.match(ps(), [{ state: { status: 'exited', exitCode: 137 } }]);
    get('start', 'stubborn');
    get('kill', 'stubborn');
    t.equal(get('wait', 'stubborn'), '137');
    get('start', 'stubborn');
    get('rm', '-f', 'stubborn');
    t.strictSame(ps(), []);
  });
});

t.test('a late exit command makes no data root', needs('build'), async (t) => {
  const root = `${makeScratch(t).path}/gone`;
  const { status } = spawnSync(programPath, ['--root', root, 'end-run', 'a'.repeat(64), '0']);
  t.equal(status, 0);
  t.notOk(existsSync(root));
});
