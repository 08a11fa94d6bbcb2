/** `strata umount` took off what somebody else had mounted over its mount, here and in all other mount namespaces. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { makeStrata } from '../cli/fixtures/strata.ts';
import { isMounted } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { shell } from '../store/fixtures/stage.ts';

for (const driver of ['strata', 'overlay2']) {
  t.test(`what lies over a mount stays: ${driver}`, needs(...mountNeeds, 'overlayfs'), async (t) => {
    const { run, get, scratch } = makeStrata(t);
    const place = scratch.directory('place');
    const over = scratch.directory('over');
    get('--driver', driver, 'mount', 'base', place);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', over]);
    execFileSync('mount', ['--bind', over, place]);
    t.teardown(() => execFileSync('umount', ['-l', over]));
    writeFileSync(`${over}/file`, 'mine\n');
    const other = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', 'echo; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.teardown(() => other.stdin.end());
    await once(other.stdout, 'data');

    for (const options of [[], ['--lazy']])
      t.match(run('umount', ...options, place), { status: 1, stderr: /something else is mounted over/ });
    t.equal(readFileSync(`${place}/file`, 'utf8'), 'mine\n');
    const mounts = readFileSync(`/proc/${String(other.pid)}/mountinfo`, 'utf8');
    t.ok(mounts.includes(` ${over} `), 'and in other mount namespaces');
    t.match(run('rmi', 'base'), { status: 1, stderr: /is mounted at/ });

    execFileSync('umount', [place]);
    t.ok(existsSync(`${place}/etc/passwd`));
    get('umount', place);
    t.notOk(isMounted(place));
    t.equal(
      shell('/', `nsenter -t ${String(other.pid)} -m cat ${place}/file`),
      'mine\n',
      'nor with its mount',
    );
  });
}

t.test('a mount that is bound onto itself is taken off as a whole', needs(...mountNeeds), (t) => {
  const { get, scratch } = makeStrata(t);
  const place = scratch.directory('place');
  get('mount', 'base', place);
  execFileSync('mount', ['--bind', place, place]);
  get('umount', place);
  t.notOk(isMounted(place));
  t.end();
});
