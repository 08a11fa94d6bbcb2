/**
 * A fault of ours in a request: the caller gets EIO, the operator the stack, and the mount goes on, whether the
 * operation threw at once or its promise was rejected. The server runs in the test's own process, so that a
 * file system can be put in that fails on demand; clients are children.
 */
import { mkdirSync } from 'node:fs';
import t, { type Test } from 'tap';
import { createLog } from '../../src/base/log.ts';
import { asName, type Name } from '../../src/base/name.ts';
import { Session } from '../../src/fuse/kernel/session.ts';
import { maxWrite, requestRoom } from '../../src/fuse/kernel/negotiate.ts';
import { findMountAt } from '../../src/os/mountinfo.ts';
import { mountFuse, openFuseDevice, unmountFuse } from '../../src/os/mount.ts';
import { RealChannel } from '../../src/os/real-channel.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { openUnion } from '../../src/union/open-union.ts';
import type { UnionFeatures } from '../../src/union/features.ts';
import type { FileSystem } from '../../src/vfs/file-system.ts';
import { o } from '../conformance/fixtures/flags.ts';
import { Agent } from '../fixtures/agent.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

type Method = keyof FileSystem;
type How = 'throws' | 'rejects';

const features: UnionFeatures = {
  userxattr: false,
  metacopy: true,
  redirectDir: 'on',
  index: true,
  sync: true,
  volatile: false,
  aufs: false,
};

interface Faulty {
  readonly path: string;
  readonly log: string[];
  /** The next call of a method fails: it throws, or answers a promise that is rejected. */
  readonly arm: (method: Method, how: How) => void;
}

/** The union with one thing changed: an armed method fails once, with an error that is no FsError. */
function failing(fs: FileSystem, armed: Map<Method, How>): FileSystem {
  return new Proxy(fs, {
    get: (target, method: Method) => {
      const how = armed.get(method);
      if (how === undefined) return (target[method] as () => unknown).bind(target);
      armed.delete(method);
      const fault = new TypeError(`a fault in ${method}`);
      return () => {
        if (how === 'throws') throw fault;
        return Promise.reject(fault);
      };
    },
  });
}

async function serve(test: Test): Promise<Faulty> {
  const scratch = makeScratch(test);
  const directory = (name: string): Name => asName(scratch.directory(name));
  const path = `${scratch.path}/at`;
  mkdirSync(path);
  const log: string[] = [];
  const options = { log: createLog((line) => log.push(line)) };
  const source = {
    lowers: [directory('lower')],
    dataLayers: [],
    upper: { dir: directory('upper'), work: directory('work') },
  };
  const { union } = openUnion(source, { ...options, fs: new RealFs(), features, clone: () => undefined });
  const armed = new Map<Method, How>();
  const device = openFuseDevice();
  mountFuse(device, {
    target: asName(path),
    source: asName('faulty'),
    subtype: 'strata-test',
    flags: 0,
    allowOther: true,
    defaultPermissions: true,
  });
  const session = new Session(
    failing(union, armed),
    new RealChannel(device, { bufferSize: maxWrite + requestRoom }),
    {
      ...options,
      passthrough: true,
      lowerFiles: 'cached',
      isMountPoint: () => false,
      writeback: false,
      idmap: false,
      collect: () => undefined,
      stayAwake: undefined,
    },
  );
  const { ready, ended } = session.start();
  test.teardown(async () => {
    if (findMountAt(asName(path)) !== undefined) unmountFuse(asName(path), { lazy: true });
    await ended;
    await union.close();
  });
  await ready;
  return { path, log, arm: (method, how) => void armed.set(method, how) };
}

t.test(
  'an unexpected exception is EIO with a stack, and the mount goes on',
  needs('root', 'fuse'),
  async (test) => {
    const { path, log, arm } = await serve(test);
    const agent = await Agent.start();
    test.teardown(() => agent.stop());
    const at = (name: string): string => `${path}/${name}`;
    const file = await agent.call('open', at('file'), o.RDWR | o.CREAT, 0o644);
    await agent.call('mkdir', at('dir'), 0o755);

    const acts: [Method, How, () => Promise<unknown>][] = [
      ['lookup', 'throws', () => agent.call('lstat', at('absent'))],
      ['mkdir', 'throws', () => agent.call('mkdir', at('new'), 0o755)],
      ['create', 'throws', () => agent.call('open', at('new'), o.RDWR | o.CREAT, 0o644)],
      ['open', 'throws', () => agent.call('open', at('file'), o.RDONLY, 0)],
      ['open', 'rejects', () => agent.call('open', at('file'), o.RDONLY, 0)],
      ['readdirplus', 'throws', () => agent.call('readdir', at('dir'))],
      ['rename', 'rejects', () => agent.call('rename', at('dir'), at('moved'), 0)],
      ['unlink', 'rejects', () => agent.call('unlink', at('file'))],
      ['setattr', 'rejects', () => agent.call('chmod', at('file'), 0o600)],
      ['setxattr', 'rejects', () => agent.call('setxattr', at('file'), 'user.a', 'b', 0)],
      ['fsync', 'rejects', () => agent.call('fsync', file)],
      [
        'fsyncdir',
        'rejects',
        async () => agent.call('fsync', await agent.call('open', at('dir'), o.RDONLY, 0)),
      ],
    ];
    for (const [method, how, act] of acts) {
      arm(method, how);
      await test.rejects(act(), { code: 'EIO' }, `${method} ${how}: EIO`);
      test.match(
        log.splice(0).join(''),
        new RegExp(`TypeError: a fault in ${method}\\n +at .*faults.test`),
        'with its stack',
      );
    }
    await agent.call('pwrite', file, 'data', 0);
    await agent.call('fsync', file);
    test.equal(await agent.call('pread', file, 10, 0), 'data', 'the mount goes on');
    await agent.call('rename', at('dir'), at('moved'), 0);
    const names = (await agent.call('readdir', path)) as [string][];
    test.strictSame(names.map(([name]) => name).sort(), ['file', 'moved']);
    test.strictSame(log, []);
  },
);
