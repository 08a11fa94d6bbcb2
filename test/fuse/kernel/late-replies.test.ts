/** Requests that are answered later, where the channel fails: each gets one answer, and nobody waits for ever. */
import t from 'tap';
import { fsError } from '../../../src/base/fs-error.ts';
import { Session } from '../../../src/fuse/kernel/session.ts';
import type { FileSystem } from '../../../src/vfs/file-system.ts';
import { writeFlag } from '../../../src/wire/flags.ts';
import { opcode } from '../../../src/wire/opcodes.ts';
import { errnoOfReply, FakeChannel } from './fixtures/fake-channel.ts';
import { sessionOptions } from './fixtures/session-options.ts';

const [ENOENT, EIO, ENOMEM, ENODEV] = [2, 5, 12, 19];

function start(parts: Partial<FileSystem>): FakeChannel {
  const channel = new FakeChannel();
  const fs = { countAlso: () => undefined, ...parts } as unknown as FileSystem;
  const session = new Session(fs, channel, sessionOptions);
  void session.start();
  channel.init(7, 45);
  return channel;
}

/** Until all that is ready has been answered. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

t.test('a reply that the kernel refuses becomes EIO', async (t) => {
  const refusals: readonly (readonly [errno: number, answers: readonly number[]])[] = [
    [0, [0]],
    [ENOMEM, [0, EIO]],
    [EIO, [0, EIO]],
    [ENOENT, [0]],
    [ENODEV, [0]],
  ];
  for (const [errno, answers] of refusals) {
    const channel = start({ fsync: () => Promise.resolve() });
    channel.refusals.push(errno);
    channel.ask(opcode.FSYNC, [['QLL', 4, 0, 0]]);
    await settled();
    t.strictSame(channel.sent.map(errnoOfReply), answers, `errno ${String(errno)}`);
    const uniques = new Set(channel.sent.map((sent) => sent.readBigUInt64LE(8)));
    t.equal(uniques.size, 1, 'of the same request');
  }
});

t.test('a write that cannot be kept is answered once, and does not happen', async (t) => {
  for (const [name, setattr] of Object.entries({
    succeeds: () => Promise.resolve(),
    fails: () => Promise.reject(fsError('EPERM')),
  })) {
    let written = 0;
    const writeLater = (): Promise<number> => Promise.resolve((written += 1));
    const channel = start({ setattr, writeLater });
    channel.shortage = fsError('ENOMEM');
    const answer = channel.ask(opcode.WRITE, [
      ['QQLLQLL', 4, 0, 4, writeFlag.WRITE_KILL_SUIDGID, 0, 0, 0],
      'abc',
    ]);
    await settled();
    t.strictSame([answer, ...channel.sent].map(errnoOfReply), [ENOMEM], name);
    t.equal(written, 0);
  }
});
