import t from 'tap';
import type { Fd } from '../../../src/base/ids.ts';
import { createLog } from '../../../src/base/log.ts';
import { TracedChannel } from '../../../src/fuse/kernel/traced-channel.ts';
import { opcode } from '../../../src/wire/opcodes.ts';
import { FakeChannel } from './fixtures/fake-channel.ts';

const ENOENT = 2;

t.test('a line per request, with what became of it', async (t) => {
  const lines: string[] = [];
  const fake = new FakeChannel();
  const traced = new TracedChannel(
    fake,
    createLog((line) => lines.push(line), { debug: true }),
  );
  let answer = (): number => 0;
  traced.start(
    () => answer(),
    () => undefined,
    () => undefined,
  );
  const ask = (code: number, reply: (buffer: Buffer) => number): void => {
    answer = () => reply(fake.reply);
    fake.ask(code, []);
  };
  const replying =
    (error: number) =>
    (buffer: Buffer): number => {
      buffer.writeUInt32LE(16, 0);
      buffer.writeInt32LE(0 - error, 4);
      fake.request.copy(buffer, 8, 8, 16);
      return 16;
    };
  ask(opcode.GETATTR, replying(0));
  ask(opcode.LOOKUP, replying(ENOENT));
  ask(opcode.FORGET, () => 0);
  let late = Buffer.alloc(0);
  ask(opcode.FSYNC, (buffer) => {
    late = Buffer.from(buffer.subarray(0, replying(5)(buffer)));
    return 0;
  });
  t.equal(lines.length, 3, 'nothing is known of it yet');
  ask(opcode.READ, () => {
    fake.passes = true;
    traced.replyData(0 as Fd, 0, 4096);
    return 0;
  });
  traced.send(late, late.length);
  traced.send(Buffer.alloc(16), 16);
  t.strictSame(lines, [
    'stratafs: GETATTR node 177: ok\n',
    'stratafs: LOOKUP node 177: ENOENT\n',
    'stratafs: FORGET node 177: no answer\n',
    'stratafs: READ node 177: ok\n',
    'stratafs: FSYNC node 177: EIO\n',
  ]);
  t.equal(fake.sent.length, 2);
});
