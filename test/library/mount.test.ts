import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { mount, UserError, type Mount, type MountRequest } from '../../src/index.ts';
import { optionArgument } from '../../src/library/mount-tuning.ts';
import { serversOf } from '../cli/fixtures/program.ts';
import { isMounted, makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const nobody = 65534;

function makeRequest(t: Test): MountRequest {
  const scratch = makeScratch(t);
  const request = {
    lower: [scratch.directory('lower: one, two')],
    upper: scratch.directory('upper'),
    work: scratch.directory('work'),
    mountPoint: scratch.directory('at'),
  };
  writeFileSync(join(request.lower[0]!, 'a'), 'lower');
  return request;
}

/** Mounts, and unmounts when the test ends, before the directories are removed. */
async function mountIn(t: Test, request: MountRequest): Promise<Mount> {
  const mounted = await mount(request);
  t.teardown(() => mounted.unmount({ lazy: true }));
  return mounted;
}

t.test('mounts, tells what it did, unmounts', needs(...mountNeeds), async (t) => {
  const request = makeRequest(t);
  const mounted = await mountIn(t, request);
  t.equal(mounted.mountPoint, request.mountPoint);
  t.ok(isMounted(request.mountPoint));
  t.equal((await mounted.stats()).copyUps, 0);
  writeFileSync(join(request.mountPoint, 'a'), 'changed');
  t.equal((await mounted.stats()).copyUps, 1);
  t.equal(readFileSync(join(request.lower[0]!, 'a'), 'utf8'), 'lower');
  await mounted.unmount();
  t.strictSame(await mounted.exited, { code: 0, signal: null });
  t.notOk(isMounted(request.mountPoint));
  t.equal(readFileSync(join(request.upper!, 'a'), 'utf8'), 'changed');
  await mounted.unmount();
  await t.rejects(mounted.stats(), { code: 'ENODATA' });
});

t.test('a mount in use is not unmounted, but lazily', needs(...mountNeeds), async (t) => {
  const request = makeRequest(t);
  const mounted = await mountIn(t, request);
  const held = openSync(join(request.mountPoint, 'a'), 'r');
  await t.rejects(mounted.unmount(), { code: 'EBUSY' });
  t.ok(isMounted(request.mountPoint));
  const unmounted = mounted.unmount({ lazy: true });
  t.notOk(isMounted(request.mountPoint));
  closeSync(held);
  await unmounted;
});

t.test('a handle leaves what others have mounted in its place', needs(...mountNeeds), async (t) => {
  const request = makeRequest(t);
  const first = await mountIn(t, request);
  await first.unmount();
  const second = await mountIn(t, request);
  await first.unmount();
  t.ok(isMounted(request.mountPoint));
  process.kill(second.pid, 'SIGKILL');
  await second.exited;
  execFileSync('umount', [request.mountPoint]);
  await mountIn(t, request);
  await second.unmount();
  t.ok(isMounted(request.mountPoint), 'nor is it what a killed server has left');
});

t.test('a mount under another one is busy', needs(...mountNeeds), async (t) => {
  const request = makeRequest(t);
  const below = await mountIn(t, request);
  writeFileSync(join(request.mountPoint, 'a'), 'changed');
  const { lower, mountPoint } = request;
  const above = await mountIn(t, { lower, mountPoint });
  await t.rejects(below.unmount(), { code: 'EBUSY' });
  await t.rejects(below.unmount({ lazy: true }), { code: 'EBUSY' });
  await t.rejects(below.stats(), { code: 'EBUSY' });
  t.equal((await above.stats()).copyUps, 0);
  await above.unmount();
  t.equal((await below.stats()).copyUps, 1);
  await below.unmount();
  t.notOk(isMounted(request.mountPoint));
});

t.test('a mount is found where it has gone', needs(...mountNeeds), async (t) => {
  const scratch = makeScratch(t);
  const mountPoint = scratch.directory('before/at');
  const mounted = await mountIn(t, { lower: [scratch.directory('lower')], mountPoint });
  renameSync(join(scratch.path, 'before'), join(scratch.path, 'after'));
  t.equal((await mounted.stats()).copyUps, 0);
  await mounted.unmount();
  t.notOk(isMounted(join(scratch.path, 'after/at')));
});

t.test(
  'an ordinary user hears of a busy mount in the same way',
  needs(...mountNeeds, 'program:setpriv', 'program:fusermount3'),
  async (t) => {
    const scratch = makeScratch(t);
    const request = { lower: [scratch.directory('lower')], mountPoint: scratch.directory('at') };
    writeFileSync(join(request.lower[0]!, 'a'), 'lower');
    chmodSync(scratch.path, 0o755);
    chownSync(request.mountPoint, nobody, nobody);
    const library = new URL('../../dist/index.js', import.meta.url).href;
    const script = `
    import { closeSync, openSync } from 'node:fs';
    import { mount } from '${library}';
    const mounted = await mount(${JSON.stringify(request)});
    const held = openSync('${request.mountPoint}/a', 'r');
    const code = await mounted.unmount().then(() => 'unmounted', (thrown) => thrown.code);
    closeSync(held);
    await mounted.unmount();
    console.log(code);`;
    const everybodys = 'mknod -m 666 "$0" c 10 229 && mount --bind "$0" /dev/fuse && exec setpriv "$@"';
    const child = spawn(
      'unshare',
      [
        ...['-m', 'sh', '-c', everybodys, join(scratch.path, 'fuse')],
        ...['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups'],
        ...[process.execPath, '--input-type=module', '-e', script],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env.PATH } },
    );
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(child, 'close');
    t.equal(said, 'EBUSY\n');
    t.notOk(isMounted(request.mountPoint));
  },
);

t.test(
  'a log of every request does not stop a caller that reads it later',
  needs(...mountNeeds),
  async (t) => {
    const request = makeRequest(t);
    t.teardown(() => {
      if (isMounted(request.mountPoint)) execFileSync('umount', ['-l', request.mountPoint]);
    });
    const library = new URL('../../dist/index.js', import.meta.url).href;
    const script = `
    import { existsSync } from 'node:fs';
    import { mount } from '${library}';
    const mounted = await mount(${JSON.stringify({ ...request, debug: true })});
    for (let i = 0; i < 20_000; i++) existsSync('${request.mountPoint}/none-' + i);
    await mounted.unmount();
    console.log(/LOOKUP/.test(mounted.log()));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // A caller that waits for it cannot be killed.
    const rescue = setTimeout(() => {
      for (const server of serversOf(request.mountPoint)) process.kill(server, 'SIGKILL');
    }, 120_000);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    t.strictSame(await once(child, 'close'), [0, null]);
    clearTimeout(rescue);
    t.equal(said, 'true\n');
  },
);

t.test('it mounts with the Node that runs it, whatever PATH has', needs(...mountNeeds), async (t) => {
  const request = makeRequest(t);
  const library = new URL('../../dist/index.js', import.meta.url).href;
  const script = `
    import { readlinkSync } from 'node:fs';
    import { mount } from '${library}';
    const mounted = await mount(${JSON.stringify(request)});
    console.log(readlinkSync('/proc/' + mounted.pid + '/exe'));
    await mounted.unmount();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: request.mountPoint },
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child, 'close');
  t.equal(said, `${realpathSync(process.execPath)}\n`);
});

t.test('a server that does not answer does not stop its caller', needs(...mountNeeds), async (t) => {
  const mounted = await mountIn(t, makeRequest(t));
  process.kill(mounted.pid, 'SIGSTOP');
  let ticks = 0;
  const timer = setInterval(() => {
    // A caller that is stopped could not do this.
    if (++ticks === 10) process.kill(mounted.pid, 'SIGCONT');
  }, 10);
  const rescue = spawn('sh', ['-c', `sleep 30; kill -CONT ${String(mounted.pid)}`], { stdio: 'ignore' });
  const stats = await mounted.stats();
  clearInterval(timer);
  rescue.kill();
  t.ok(ticks >= 10, 'its timers went on');
  t.equal(stats.copyUps, 0);
});

t.test('the end of a server is seen', needs(...mountNeeds), async (t) => {
  const mounted = await mountIn(t, makeRequest(t));
  process.kill(mounted.pid, 'SIGKILL');
  t.strictSame(await mounted.exited, { code: null, signal: 'SIGKILL' });
});

t.test('what cannot be mounted rejects with the line of the server', needs(...mountNeeds), async (t) => {
  const request = makeRequest(t);
  const attempt = mount({ ...request, lower: ['/nowhere'] });
  await t.rejects(attempt, { code: 'mount-failed', message: /\/nowhere does not exist/ });
  await t.rejects(attempt, UserError);
  t.notOk(isMounted(request.mountPoint));
});

t.test('a program that mounts can end before its mount', needs(...mountNeeds), async (t) => {
  const request = makeRequest(t);
  const library = new URL('../../dist/index.js', import.meta.url).href;
  const script = `import { mount } from '${library}'; console.log((await mount(${JSON.stringify(request)})).pid);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let pid = '';
  child.stdout.on('data', (chunk: Buffer) => (pid += chunk.toString()));
  t.strictSame(await once(child, 'close'), [0, null], 'the mount does not keep it alive');
  t.equal(readFileSync(join(request.mountPoint, 'a'), 'utf8'), 'lower', 'the mount lives');
  process.kill(Number(pid), 'SIGTERM');
  while (isMounted(request.mountPoint)) await new Promise((resolve) => setTimeout(resolve, 10));
});

t.test('options as the command line has them', async (t) => {
  t.equal(
    optionArgument(
      { lower: ['/a:b', '/c,d'], dataOnly: ['/e'], upper: '/u', work: '/w' },
      {
        metacopy: false,
        redirectDir: 'off',
        timeoutSec: 2,
        userxattr: true,
        volatile: false,
        flags: ['nodev'],
      },
    ),
    String.raw`lowerdir=/a\:b:/c\,d::/e,upperdir=/u,workdir=/w,metacopy=off,redirect_dir=off,timeout=2,userxattr,nodev`,
  );
  t.equal(optionArgument({ lower: ['/a'] }, {}), 'lowerdir=/a');
});
