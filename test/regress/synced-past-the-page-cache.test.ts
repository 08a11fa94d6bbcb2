/**
 * A file that is opened with O_SYNC or O_DSYNC, and may be written and not read by whoever serves: its data does not go
 * through the page cache, where the kernel would ask for it to be synced, so nobody synced it.
 */
import t from 'tap';
import type { HandleId, NodeId } from '../../src/base/ids.ts';
import { silentLog } from '../../src/base/log.ts';
import { Door } from '../../src/fuse/kernel/door.ts';
import { onOpen, onWrite } from '../../src/fuse/kernel/file-requests.ts';
import { OpenModes } from '../../src/fuse/kernel/open-modes.ts';
import { O_DSYNC, O_SYNC, O_WRONLY } from '../../src/os/constants.ts';
import type { FuseChannel } from '../../src/os/fuse-channel.ts';
import type { FileSystem } from '../../src/vfs/file-system.ts';
import { opcode } from '../../src/wire/opcodes.ts';
import { aligned, request } from '../wire/fixtures/pack.ts';

const node = 0xb1 as NodeId;
const handle = 7 as HandleId;
/** Where `fh` lies in the answer to OPEN. */
const fhAt = 16;

/** What becomes of a write with `flags` to a file that was opened with them. */
async function actsOf(flags: number, writeOnly: boolean): Promise<readonly string[]> {
  const acts: string[] = [];
  const answered = { send: (): void => undefined };
  const written = new Promise<void>((resolve) => {
    answered.send = resolve;
  });
  const frames = aligned(Buffer.alloc(512));
  const channel: Partial<FuseChannel> = {
    request: frames,
    reply: aligned(Buffer.alloc(512)),
    send: () => {
      answered.send();
      return 0;
    },
    detachRequest: () => frames,
    recycle: () => undefined,
  };
  const fs: Partial<FileSystem> = {
    open: () => ({ id: handle, nodeId: node, upper: true, writeOnly, costly: true }),
    write: () => acts.push('write'),
    writeLater: (id) => Promise.resolve(acts.push(`write ${String(id)}`)),
    fsync: (id, dataOnly) => {
      acts.push(`sync ${String(id)}${dataOnly ? ', data only' : ''}`);
      return Promise.resolve();
    },
  };
  const passes = { upper: false, lower: false };
  const modes = new OpenModes({ backingOpen: () => 1, backingClose: () => undefined }, silentLog, passes);
  const door = new Door({
    fs: fs as FileSystem,
    channel: channel as FuseChannel,
    modes,
    relaxed: undefined,
    log: silentLog,
  });
  const take = (frame: Buffer): void => {
    frame.copy(frames);
    door.frame.accept(frame.length);
    door.reply.begin(door.frame);
  };
  take(request(opcode.OPEN, [['LL', O_WRONLY | flags, 0]]));
  onOpen(door);
  const fh = Number(door.reply.buffer.readBigUInt64LE(fhAt));
  take(request(opcode.WRITE, [['QQLLQLL', fh, 0, 4, 0, 0, O_WRONLY | flags, 0], Buffer.from('data')]));
  if (onWrite(door) === 0) await written;
  return acts;
}

t.test('it is synced before the write is answered', async (t) => {
  t.strictSame(await actsOf(O_DSYNC, true), ['write 7', 'sync 7, data only']);
  t.strictSame(await actsOf(O_SYNC, true), ['write 7', 'sync 7']);
});

t.test('not so without the flags, nor where the kernel asks for it itself', async (t) => {
  t.strictSame(await actsOf(0, true), ['write']);
  t.strictSame(await actsOf(O_SYNC, false), ['write']);
});
