import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { readMounts } from '../../src/os/mountinfo.ts';
import { needs } from '../fixtures/needs.ts';
import { containerNeeds, makeStrata } from './fixtures/strata.ts';

t.test('what containers write', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { run, get } = strata;
  const mountsHere = (): number =>
    readMounts().filter(({ mountPoint }) => mountPoint.startsWith(strata.root)).length;

  await t.test('diff, commit and cp', async (t) => {
    get('run', '--name', 'untouched', 'base', 'true');
    t.equal(get('diff', 'untouched'), '');
    get(
      'run',
      '--name',
      'changed',
      '-v',
      'kept:/v',
      'base',
      'sh',
      '-c',
      'mkdir /d; echo a > /d/f; rm /bin/stat; echo b >> /etc/passwd; echo c > /v/c',
    );
    const changes = 'C /bin\nD /bin/stat\nA /d\nA /d/f\nC /etc\nC /etc/passwd\nA /v';
    t.equal(get('diff', 'changed'), changes);
    get('commit', '-m', 'changed', 'changed', 'changed:2');
    t.match(run('run', '--rm', 'changed:2', 'cat', '/d/f'), { stdout: 'a\n' });
    t.equal(run('run', '--rm', 'changed:2', 'ls', '/bin/stat', '/v/c').status, 2);

    const place = strata.scratch.directory('copies');
    get('cp', 'changed:/d', place);
    t.equal(readFileSync(`${place}/d/f`, 'utf8'), 'a\n');
    get('cp', 'changed:/v/c', `${place}/volume`);
    t.equal(readFileSync(`${place}/volume`, 'utf8'), 'c\n', 'a volume counts, also when nothing runs');
    writeFileSync(`${place}/own`, 'mine', { mode: 0o640 });
    get('cp', `${place}/own`, 'changed:/d/');
    get('cp', `${place}/d/.`, 'changed:/e');
    t.equal(
      get('diff', 'changed'),
      changes.replace('A /d/f', 'A /d/f\nA /d/own\nA /e\nA /e/f').replace('C /etc', 'C /etc'),
    );
    t.match(run('cp', 'changed:/absent', place), { status: 1, stderr: /there is no \/absent/ });
    t.match(run('cp', place, `${place}/x`), { status: 1, stderr: /CONTAINER:PATH/ });

    get(
      'run',
      '-d',
      '--name',
      'escaping',
      'base',
      'sh',
      '-c',
      `ln -s ${place} /out; ln -s ../../../../etc /up; touch /done; sleep 1000`,
    );
    while (run('exec', 'escaping', 'stat', '/done').status !== 0);
    t.match(run('cp', `${place}/own`, 'escaping:/out/planted'), { status: 1 });
    t.notOk(existsSync(`${place}/planted`));
    get('cp', `${place}/own`, 'escaping:/up/own');
    t.match(run('exec', 'escaping', 'cat', '/etc/own'), { stdout: 'mine' });
    t.match(
      get('diff', 'escaping').split('\n'),
      ['A /done', 'C /etc', 'A /etc/own', 'A /out', 'A /up'],
      'also while it runs',
    );
    t.match(run('rmi', 'base'), { status: 1, stderr: /container [0-9a-f]{12} is made of the image/ });
    get('rm', '-f', 'untouched', 'changed', 'escaping');
  });

  await t.test('a server that was killed', async (t) => {
    get('run', '-d', '--name', 'orphan', 'base', 'sh', '-c', 'echo x > /x; sleep 1000');
    process.kill(serverOf(get), 'SIGKILL');
    t.match(run('exec', 'orphan', 'true'), { status: 1, stderr: /its server has ended.*strata stop orphan/ });
    t.match(run('start', 'orphan'), { status: 1, stderr: /its server has ended/ });
    get('stop', '-t', '0', 'orphan');
    get('start', 'orphan');
    t.match(run('exec', 'orphan', 'cat', '/x'), { stdout: 'x\n' });
    get('rm', '-f', 'orphan');
    t.equal(mountsHere(), 0);
  });

  await t.test('volumes and binds', async (t) => {
    const bind = strata.scratch.directory('bind');
    mkdirSync(`${bind}/in`);
    const tell = 'cat /m/etc/group | { read a; echo $a; }; echo x > /m/new/x; echo y > /m/vol/deep/y; ls /m';
    t.match(
      run(
        ...[
          'run',
          '--rm',
          '-v',
          'filled:/etc',
          '-v',
          `${bind}/in:/m`,
          '-v',
          `${bind}/new:/m/new`,
          '-v',
          'nested:/m/vol/deep',
        ],
        ...['--mount', 'type=volume,src=filled,dst=/m/etc,ro', 'base', 'sh', '-c', tell],
      ),
      { status: 0, stdout: 'root:x:0:\netc\nnew\nvol\n' },
    );
    t.equal(readFileSync(`${bind}/new/x`, 'utf8'), 'x\n', 'a missing source of -v is made');
    t.equal(readFileSync(`${strata.root}/volumes/nested/_data/y`, 'utf8'), 'y\n', 'volumes nest');
    t.match(
      readFileSync(`${strata.root}/volumes/filled/_data/group`, 'utf8'),
      /^root:x:0:/,
      'it was filled from the image',
    );
    mkdirSync(`${strata.root}/volumes/nested/_data/sub/dir`, { recursive: true });
    writeFileSync(`${strata.root}/volumes/nested/_data/sub/dir/z`, 'z\n');
    const part = 'type=volume,src=nested,dst=/part,volume-subpath=sub/dir';
    t.match(run('run', '--rm', '--mount', part, 'base', 'cat', '/part/z'), { stdout: 'z\n' });
    t.match(run('run', '--rm', '--mount', `${part}x`, 'base', 'true'), {
      status: 125,
      stderr: /no directory sub\/dirx/,
    });
    t.equal(run('run', '--rm', '-v', 'bare:/etc:nocopy', 'base', 'ls', '/etc/group').status, 2);
    get(
      'run',
      '--name',
      'holder',
      '-v',
      '/anonymous',
      '-v',
      'held:/held',
      'base',
      'sh',
      '-c',
      'echo h > /held/h',
    );
    t.match(
      run('run', '--rm', '--volumes-from', 'holder:ro', 'base', 'sh', '-c', 'cat /held/h; echo > /held/i'),
      {
        status: 1,
        stdout: 'h\n',
      },
    );
    t.match(run('volume', 'rm', 'held'), { status: 1, stderr: /volume is in use - \[holder\]/ });
    get('rm', '-v', 'holder');
    t.equal(
      get('volume', 'ls', '-q'),
      'bare\nfilled\nheld\nkept\nnested',
      'the one without a name went with its container',
    );
    get('volume', 'export', '-o', `${bind}/tar`, 'held');
    get('volume', 'create', 'imported');
    get('volume', 'import', 'imported', `${bind}/tar`);
    t.equal(readFileSync(`${strata.root}/volumes/imported/_data/h`, 'utf8'), 'h\n');
    t.match(run('volume', 'prune', '--force', '--all'), {
      stdout: 'bare\nfilled\nheld\nimported\nkept\nnested\n',
    });
    t.equal(mountsHere(), 0);
  });

  await t.test('errors of mounts', async (t) => {
    t.match(run('run', '--rm', '--mount', 'type=bind,source=/absent,target=/x', 'base', 'true'), {
      status: 125,
      stderr: /bind source path does not exist: \/absent/,
    });
    t.match(run('run', '--rm', '--mount', 'type=bind,', 'source=/a,target=/b', 'base', 'true'), {
      status: 125,
      stderr: /strata run --rm --mount type=bind,source=\/a,target=\/b base true/,
    });
    t.match(
      run('run', '--rm', '--mount', 'type=volume,src=filled,dst=/x,volume-subpath=../..', 'base', 'true'),
      {
        status: 125,
      },
    );
    t.notOk(existsSync(`${strata.root}/volumes/x`));
    t.match(run('volume', 'inspect', 'absent'), { status: 1, stderr: /no such volume/ });
  });
});

/** The process that serves the only mount of the data root. */
function serverOf(get: (...args: string[]) => string): number {
  const { runRoot } = JSON.parse(get('info', '--json')) as { runRoot: string };
  const [record, ...more] = readdirSync(`${runRoot}/mounts`);
  if (record === undefined || more.length > 0) throw new Error('there is not one mount');
  const { server } = JSON.parse(readFileSync(`${runRoot}/mounts/${record}`, 'utf8')) as {
    server: { pid: number };
  };
  return server.pid;
}
