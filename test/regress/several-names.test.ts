/**
 * Commands on several names ended with the first that failed: what came after it was left as it was, and `inspect` printed
 * nothing of what it had found. Docker tries each. `rm -f` of a container that is not there failed; Docker only tells.
 */
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('one of several names is wrong', needs(...containerNeeds), async (t) => {
  const { run, get } = makeStrata(t);
  const stderr = /^strata: [^\n]*absent[^\n]*\n$/;
  get('run', '-d', '--name', 'one', 'base', 'sleep', '1000');
  get('run', '-d', '--name', 'two', 'base', 'sleep', '1000');
  get('volume', 'create', 'first');
  get('volume', 'create', 'last');
  get('tag', 'base', 'other');

  for (const command of ['pause', 'unpause', 'kill', 'start', 'restart', 'stop']) {
    const options = ['restart', 'stop'].includes(command) ? ['-t', '0'] : [];
    const ran = run(command, ...options, 'one', 'absent', 'two');
    t.match(ran, { status: 1, stdout: 'one\ntwo\n', stderr }, command);
    if (command === 'kill') get('wait', 'one', 'two');
  }
  t.match(run('wait', 'absent', 'two'), { status: 1, stdout: '137\n', stderr });

  const namesIn = (text: string): string[] =>
    (JSON.parse(text) as { readonly Name: string }[]).map(({ Name }) => Name);
  const found = run('inspect', 'one', 'absent', 'two', 'last');
  t.match(found, { status: 1, stderr });
  t.strictSame(namesIn(found.stdout), ['/one', '/two', 'last']);
  t.match(run('inspect', '-f', '{{.Name}}', 'absent', 'two'), { status: 1, stdout: '/two\n', stderr });
  t.match(run('inspect', 'absent'), { status: 1, stdout: '[]\n', stderr }, 'as Docker');
  const volumes = run('volume', 'inspect', 'absent', 'first');
  t.match(volumes, { status: 1, stderr });
  t.strictSame(namesIn(volumes.stdout), ['first']);

  t.match(run('rm', 'one', 'absent'), { status: 1, stdout: 'one\n', stderr });
  t.match(run('rm', '-f', 'absent', 'two'), { status: 0, stdout: 'two\n', stderr }, 'told, and no failure');
  t.match(run('volume', 'rm', 'absent', 'first'), { status: 1, stdout: 'first\n', stderr });
  t.match(run('volume', 'rm', '-f', 'absent', 'last'), { status: 0, stdout: 'last\n', stderr: '' });
  t.match(run('rmi', 'absent', 'other'), { status: 1, stdout: /^Untagged: other:latest$/m, stderr });
  t.match(run('rmi', '-f', 'absent', 'base'), { status: 0, stdout: /^Untagged: base:latest$/m, stderr });
});

// Docker restarts it twice; here the second waited with the first, and took the container that had just begun for its own.
t.test('one container is named twice', needs(...containerNeeds), async (t) => {
  const { run, get } = makeStrata(t);
  get('run', '-d', '--name', 'one', 'base', 'sh', '-c', 'echo began; exec sleep 1000');
  const twice = { status: 0, stdout: 'one\none\n', stderr: '' };
  t.match(run('restart', '-t', '0', 'one', 'one'), twice);
  t.equal(get('logs', 'one'), 'began\nbegan\nbegan');
  t.match(run('kill', 'one', 'one'), twice, 'what was wanted has come to pass');
  t.match(run('kill', 'one'), { status: 1, stderr: /one is not running/ });
  t.match(run('start', 'one', 'one'), twice);
  t.match(run('stop', '-t', '0', 'one', 'one'), twice);
  t.match(run('rm', 'one', 'one'), { status: 1, stdout: 'one\n', stderr: /no such container: one/ });
});

t.test('one of several mounts is none', needs(...containerNeeds), async (t) => {
  const { run, get, scratch } = makeStrata(t);
  const [here, absent] = [scratch.directory('here'), scratch.directory('absent')];
  get('mount', 'base', here);
  t.match(run('umount', absent, here), { status: 1, stderr: /absent is not a mount/ });
  t.match(run('umount', here), { status: 1, stderr: /here is not a mount/ }, 'it is gone');
});
