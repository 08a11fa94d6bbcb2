/**
 * A connection that ends while a file is being copied up (umount -f, an abort). What is closed after that may be
 * somebody else's descriptor by the time the copy is there, where several mounts share a process.
 */
import t from 'tap';
import { silentLog } from '../../src/base/log.ts';
import { Session } from '../../src/fuse/kernel/session.ts';
import { opcode } from '../../src/wire/opcodes.ts';
import { o } from '../conformance/fixtures/flags.ts';
import { needs } from '../fixtures/needs.ts';
import { errnoOfReply, FakeChannel } from '../fuse/kernel/fixtures/fake-channel.ts';
import { makeStage } from './fixtures/stage.ts';

const EINTR = 4;
/** Where the node id lies in a reply to LOOKUP. */
const nodeIdAt = 16;

for (const way of ['by the kernel', 'by the server'] as const) {
  t.test(`it is not over before the copy has ended, ${way}`, needs('root', 'build'), async (t) => {
    const stage = makeStage(t);
    stage.sh('head -c 100000000 /dev/zero >lower/file');
    const { client, faulty } = stage.engine({ metacopy: false });
    const channel = new FakeChannel();
    const session = new Session(client.fs, channel, {
      log: silentLog,
      passthrough: false,
      writeback: false,
      idmap: false,
      lowerFiles: 'cached',
      isMountPoint: () => false,
      collect: () => undefined,
      stayAwake: undefined,
    });
    const { ended } = session.start();
    channel.init(7, 45);
    const found = channel.ask(opcode.LOOKUP, [Buffer.from('file\0')], 1);
    const node = Number(found.readBigUInt64LE(nodeIdAt));
    t.equal(channel.ask(opcode.OPEN, [['LL', o.RDWR, 0]], node).length, 0);
    if (way === 'by the kernel') channel.end(0);
    else session.stop();
    await ended;
    t.strictSame(channel.sent.map(errnoOfReply), [EINTR]);
    await client.fs.close();
    t.equal(faulty.open.size, 0);
    t.equal(stage.sh('ls upper work/work'), 'upper:\n\nwork/work:');
  });
}
