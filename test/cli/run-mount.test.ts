/** One mount without the engine and the door: what becomes of it when they fail. */
import { closeSync } from 'node:fs';
import t from 'tap';
import { silentLog } from '../../src/base/log.ts';
import { asName } from '../../src/base/name.ts';
import { UserError } from '../../src/base/user-error.ts';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import type { MountSpec } from '../../src/cli/mount-spec.ts';
import type { Parts } from '../../src/cli/parts.ts';
import { startMount } from '../../src/cli/run-mount.ts';
import type { FileSystem } from '../../src/vfs/file-system.ts';
import { isMounted, makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

function specOf(...args: string[]): MountSpec {
  const command = parseCommandLine(args, asName('/'));
  if (command.act !== 'mount') throw new Error(`it means ${command.act}`);
  return command.spec;
}

t.test('a kernel that is refused at INIT leaves no mount', needs('root', 'fuse'), async (t) => {
  const scratch = makeScratch(t);
  const at = scratch.directory('at');
  const refused = new UserError('old-kernel', 'it is too old');
  let closed = 0;
  const parts: Parts = {
    createEngine: () =>
      ({
        close: () => {
          closed += 1;
          return Promise.resolve();
        },
      }) as unknown as FileSystem,
    serve: ({ device }) => ({
      ready: Promise.reject(refused),
      ended: new Promise(() => undefined),
      stop: () => {
        closeSync(device);
      },
    }),
    settle: () => undefined,
  };
  const spec = specOf('-o', `lowerdir=${scratch.directory('lower')}`, at);
  await t.rejects(startMount(spec, parts, silentLog, new AbortController().signal), refused);
  t.notOk(isMounted(at));
  t.equal(closed, 1);
});
