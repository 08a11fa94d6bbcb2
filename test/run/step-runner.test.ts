import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { RuntimeStepRunner } from '../../src/run/step-runner.ts';
import type { StepCommand } from '../../src/run/step.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { makeSmallRoot } from './fixtures/small-root.ts';

const runNeeds = needs('root', 'build', 'program:runc');

/** Runs `script` in the root; its output and exit status. */
async function step(runRoot: string, root: string, script: string, more: Partial<StepCommand> = {}) {
  const chunks: Buffer[] = [];
  const status = await new RuntimeStepRunner(runRoot).run({
    root,
    argv: ['/bin/sh', '-c', script],
    env: ['PATH=/bin', 'A=b c'],
    cwd: '/',
    user: '',
    mounts: [],
    network: 'default',
    onOutput: (chunk) => {
      chunks.push(chunk);
    },
    ...more,
  });
  return { status, output: Buffer.concat(chunks).toString() };
}

const listing = (root: string): string =>
  execFileSync('find', [root, '-xdev', '-printf', '%P %y %m %T@ %s\n'], { encoding: 'utf8' });

t.test('a command runs in a root and leaves what it did', runNeeds, async (t) => {
  const scratch = makeScratch(t);
  const root = makeSmallRoot(scratch.directory('root'));
  const run = scratch.directory('run');
  const { status, output } = await step(run, root, 'echo out; echo err >&2; echo "$A" > /made; exit 7');
  t.equal(status, 7);
  // runc keeps no order of the two.
  t.strictSame(output.split('\n').sort(), ['', 'err', 'out']);
  t.equal(readFileSync(`${root}/made`, 'utf8'), 'b c\n');
  t.match(await step(run, root, '(kill -9 $BASHPID); exit $?'), { status: 137 });
  t.match(await step(run, root, 'id -u; id -g; echo $HOME', { user: 'app' }), {
    output: '1000\n1001\n/home/app\n',
  });
  t.match(await step(run, root, 'pwd', { cwd: '/etc' }), { output: '/etc\n' });
  await t.rejects(step(run, root, '', { user: 'absent' }), { code: 'no-such-user' });
  await t.rejects(step(run, root, '', { argv: ['absent'] }), { code: 'command-not-found', exitCode: 127 });
  await t.rejects(step(run, root, '', { argv: ['/etc'] }), { code: 'start-failed', exitCode: 126 });
  t.match(await step(run, root, 'ls /sys/class/net', { network: 'none' }), { output: 'lo\n' });
  t.equal(execFileSync('ls', [`${run}/bundles`], { encoding: 'utf8' }), '');
});

t.test('nothing that was only mounted on stays', runNeeds, async (t) => {
  const scratch = makeScratch(t);
  const root = makeSmallRoot(scratch.directory('root'));
  const [run, source] = [scratch.directory('run'), scratch.directory('source')];
  for (const name of ['dev', 'proc', 'sys']) rmSync(`${root}/${name}`, { recursive: true });
  writeFileSync(`${source}/file`, 'from outside');
  const before = listing(root);
  const mounts = [
    { type: 'bind', source, target: '/a/b', writable: false },
    { type: 'bind', source: `${source}/file`, target: '/a/c/file', writable: false },
    { type: 'tmpfs', target: '/a/b2', size: 65536, writable: true },
  ] as const;
  t.strictSame(
    await step(run, root, 'cat /a/b/file /a/c/file; echo x > /a/b2/x; { echo y > /a/b/y; } 2>/dev/null', {
      mounts,
    }),
    {
      status: 1,
      output: 'from outsidefrom outside',
    },
  );
  t.equal(listing(root), before);
  t.match(await step(run, root, 'echo x > /a/b2/x', { mounts, user: 'app' }), { status: 0 });
  t.equal(listing(root), before);
  await step(run, root, 'mkdir -p /a/d; echo z > /etc/new', { mounts });
  t.equal(
    execFileSync('find', [`${root}/a`, '-printf', '%P\n'], { encoding: 'utf8' }),
    '\nd\n',
    'what was made beside it stays',
  );
  await t.rejects(step(run, root, '', { mounts, argv: ['absent'] }), { code: 'command-not-found' });
  mkdirSync(`${root}/proc`);
});

t.test('a command that is not wanted any more ends', runNeeds, async (t) => {
  const scratch = makeScratch(t);
  const root = makeSmallRoot(scratch.directory('root'));
  const stop = new AbortController();
  const reason = new Error('enough');
  await t.rejects(
    step(scratch.directory('run'), root, 'echo ready; sleep 1000', {
      signal: stop.signal,
      onOutput: () => {
        stop.abort(reason);
      },
    }),
    reason,
  );
});
