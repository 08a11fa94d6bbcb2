/** One mount without the engine and the door: what becomes of it when they fail. */
import { closeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { errno } from '../../src/base/errno.ts';
import { silentLog } from '../../src/base/log.ts';
import { asName } from '../../src/base/name.ts';
import { UserError } from '../../src/base/user-error.ts';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import { MountHost } from '../../src/cli/mount-host.ts';
import type { MountSpec } from '../../src/cli/mount-spec.ts';
import type { Parts } from '../../src/cli/parts.ts';
import { startMount } from '../../src/cli/run-mount.ts';
import { getAddon } from '../../src/os/addon.ts';
import type { FileSystem } from '../../src/vfs/file-system.ts';
import { isMounted, makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

function specOf(...args: string[]): MountSpec {
  const command = parseCommandLine(args, asName('/'));
  if (command.act !== 'mount') throw new Error(`it means ${command.act}`);
  return command.spec;
}

/** An engine that has nothing to do, and a connection that `ready` is said of. */
function partsWith(ready: Promise<void>, closed: () => void): Parts {
  return {
    createEngine: () =>
      ({
        close: () => {
          closed();
          return Promise.resolve();
        },
      }) as unknown as FileSystem,
    serve: ({ device }) => ({
      ready,
      ended: new Promise(() => undefined),
      stop: () => {
        closeSync(device);
      },
    }),
    serveByLibfuse: () => {
      throw new Error('not asked for');
    },
    settle: () => undefined,
  };
}

t.test('a kernel that is refused at INIT leaves no mount', needs('root', 'fuse'), async (t) => {
  const scratch = makeScratch(t);
  const at = scratch.directory('at');
  const refused = new UserError('old-kernel', 'it is too old');
  let closed = 0;
  const parts = partsWith(Promise.reject(refused), () => {
    closed += 1;
  });
  const spec = specOf('-o', `lowerdir=${scratch.directory('lower')}`, at);
  await t.rejects(startMount(spec, parts, silentLog, new AbortController().signal), refused);
  t.notOk(isMounted(at));
  t.equal(closed, 1);
});

t.test('nothing is on the tree before it answers', needs('root', 'fuse'), async (t) => {
  const scratch = makeScratch(t);
  const at = scratch.directory('at');
  const spec = specOf('-o', `lowerdir=${scratch.directory('lower')}`, at);
  let answer = (): void => undefined;
  const ready = new Promise<void>((resolve) => (answer = resolve));
  const begun = new AbortController();
  const parts = partsWith(ready, () => undefined);
  const served = new Promise<void>((resolve) => {
    const serve = parts.serve.bind(parts);
    parts.serve = (options) => {
      resolve();
      return serve(options);
    };
  });
  const starting = startMount(spec, parts, silentLog, begun.signal);
  await served;
  t.notOk(isMounted(at), 'a server that is killed now leaves no mount');
  answer();
  const running = await starting;
  t.ok(isMounted(at));
  running.unmount();
  await nextTurn();
  t.notOk(isMounted(at));
});

t.test('where a detached mount may not be attached, mount(2) is tried', needs('root', 'fuse'), async (t) => {
  const scratch = makeScratch(t);
  const at = scratch.directory('at');
  const spec = specOf('-o', `lowerdir=${scratch.directory('lower')}`, at);
  const addon = getAddon();
  const moveMount = addon.moveMount.bind(addon);
  t.teardown(() => {
    addon.moveMount = moveMount;
  });
  let refused = 0;
  addon.moveMount = () => {
    refused += 1;
    return -errno.EPERM;
  };
  const parts = partsWith(Promise.resolve(), () => undefined);
  const running = await startMount(spec, parts, silentLog, new AbortController().signal);
  t.equal(refused, 1);
  t.ok(isMounted(at));
  running.unmount();
  await nextTurn();
  t.notOk(isMounted(at));
});

t.test('what was ended before it began is not mounted', needs('root', 'fuse'), async (t) => {
  const scratch = makeScratch(t);
  const at = scratch.directory('at');
  const spec = specOf('-o', `lowerdir=${scratch.directory('lower')}`, at);
  const reason = new UserError('interrupted', 'ended by SIGTERM');
  const parts = partsWith(Promise.resolve(), () => undefined);
  await t.rejects(startMount(spec, parts, silentLog, AbortSignal.abort(reason)), reason);
  const host = new MountHost(parts);
  await t.rejects(host.start(spec, { foreground: true, signal: AbortSignal.abort(reason) }), reason);
  await host.emptied;
  t.notOk(isMounted(at));
});
