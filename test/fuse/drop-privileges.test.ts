/**
 * A write, or an open that truncates, which must take setuid away first: not a byte is changed before that
 * is done, and nothing if it cannot be done.
 */
import t from 'tap';
import { FsError } from '../../src/base/fs-error.ts';
import { errno } from '../../src/base/errno.ts';
import type { HandleId, NodeId } from '../../src/base/ids.ts';
import { silentLog } from '../../src/base/log.ts';
import { Door } from '../../src/fuse/kernel/door.ts';
import { onOpen, onWrite } from '../../src/fuse/kernel/file-requests.ts';
import { OpenModes } from '../../src/fuse/kernel/open-modes.ts';
import type { FuseChannel } from '../../src/os/fuse-channel.ts';
import type { Caller, FileSystem, SetAttr } from '../../src/vfs/file-system.ts';
import { opcode } from '../../src/wire/opcodes.ts';
import { aligned, request } from '../wire/fixtures/pack.ts';

const node = 0xb1 as NodeId;
const handle = 1 as HandleId;
const truncate = 0o1001;
const killOnOpen = 1;
const killOnWrite = 4;

/** A door before a file system whose `setattr` and `open` are settled by the test. */
class Stage {
  readonly acts: string[] = [];
  readonly sent: Buffer[] = [];
  readonly door: Door;
  callers: Caller[] = [];
  #settle: { resolve: () => void; reject: (reason: Error) => void } | undefined;

  constructor(frame: Buffer) {
    const channel: Partial<FuseChannel> = {
      request: aligned(frame, 64),
      reply: aligned(Buffer.alloc(512)),
      send: (message, length) => {
        this.sent.push(Buffer.from(message.subarray(0, length)));
        return 0;
      },
      detachRequest: () => channel.request as Buffer,
      recycle: () => undefined,
    };
    const later = (): Promise<void> =>
      new Promise((resolve, reject) => {
        this.#settle = { resolve, reject };
      });
    const fs: Partial<FileSystem> = {
      setattr: (caller: Caller, _: NodeId, change: SetAttr) => {
        this.acts.push(change.killPriv ? 'drop' : 'setattr');
        this.callers.push({ ...caller });
        return later();
      },
      open: async () => {
        this.acts.push('open');
        await later();
        return { id: handle, nodeId: node, upper: false, writeOnly: false, costly: false };
      },
      release: () => {
        this.acts.push('release');
      },
      write: () => this.acts.push('write'),
      writeLater: () => {
        this.acts.push('write');
        return Promise.resolve(4);
      },
    };
    const passes = { upper: false, lower: false };
    const modes = new OpenModes({ backingOpen: () => 1, backingClose: () => undefined }, silentLog, passes);
    const log = silentLog;
    this.door = new Door({
      fs: fs as FileSystem,
      channel: channel as FuseChannel,
      modes,
      relaxed: undefined,
      log,
    });
    this.door.frame.accept(frame.length);
  }

  async settle(failure?: Error): Promise<void> {
    if (failure === undefined) this.#settle?.resolve();
    else this.#settle?.reject(failure);
    await new Promise(setImmediate);
  }

  /** The error of the only reply. */
  get answer(): number | undefined {
    return this.sent.length === 1 ? -(this.sent[0]?.readInt32LE(4) ?? 0) : undefined;
  }
}

const write = (): Stage =>
  new Stage(request(opcode.WRITE, [['QQLLQLL', 4, 0, 4, killOnWrite, 0, 0, 0], Buffer.from('data')]));
const open = (): Stage => new Stage(request(opcode.OPEN, [['LL', truncate, killOnOpen]]));

t.test('a write waits for it', async (t) => {
  const stage = write();
  t.equal(onWrite(stage.door), 0);
  t.strictSame(stage.acts, ['drop']);
  await stage.settle();
  t.strictSame(stage.acts, ['drop', 'write']);
  t.equal(stage.answer, 0);
});

t.test('no write without it', async (t) => {
  const stage = write();
  onWrite(stage.door);
  await stage.settle(new FsError(errno.EIO));
  t.strictSame(stage.acts, ['drop']);
  t.equal(stage.answer, errno.EIO);
});

t.test('an open waits for it, and it is that of who opened', async (t) => {
  const stage = open();
  t.equal(onOpen(stage.door), 0);
  // Another request comes meanwhile.
  stage.door.caller.pid = 0x99;
  await stage.settle();
  t.strictSame(stage.acts, ['open', 'drop']);
  t.match(stage.callers, [{ pid: 0xc3 }]);
  t.equal(stage.answer, undefined);
  await stage.settle();
  t.equal(stage.answer, 0);
});

t.test('no open without it, and no handle is left', async (t) => {
  const stage = open();
  onOpen(stage.door);
  await stage.settle();
  await stage.settle(new FsError(errno.EIO));
  t.strictSame(stage.acts, ['open', 'drop', 'release']);
  t.equal(stage.answer, errno.EIO);
});
