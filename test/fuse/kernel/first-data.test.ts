/** Whom data is given before it is asked for, and that it is given once. */
import t from 'tap';
import type { NodeId } from '../../../src/base/ids.ts';
import type { FuseChannel } from '../../../src/os/fuse-channel.ts';
import { FirstData } from '../../../src/fuse/kernel/first-data.ts';
import type { IdleWork } from '../../../src/fuse/kernel/idle-work.ts';
import { O_DIRECT, O_RDWR, O_TRUNC, O_WRONLY } from '../../../src/os/constants.ts';
import type { FileSystem } from '../../../src/vfs/file-system.ts';

/** Nodes from 10 on, of which every fifth is a directory. */
function makeFirstData(): { data: FirstData; open: (node: number, flags?: number) => number[] } {
  const given: number[] = [];
  const waiting: (() => void)[] = [];
  const data = new FirstData({
    fs: {
      firstData: (node: number, buffer: Buffer, offset: number): number =>
        node >= 10 && node % 5 !== 0 ? buffer.write('data', offset) : 0,
    } as unknown as FileSystem,
    channel: {
      send: (message: Buffer): number => given.push(Number(message.readBigUInt64LE(16))),
    } as unknown as FuseChannel,
    idle: { add: (work: () => void) => waiting.push(work) } as unknown as IdleWork,
  });
  const open = (node: number, flags = 0): number[] => {
    data.opening(node as NodeId, flags);
    for (const work of waiting.splice(0)) work();
    return given.splice(0);
  };
  return { data, open };
}

t.test('at the first open for reading', (t) => {
  const { data, open } = makeFirstData();
  t.same(open(11), [11]);
  t.same(open(11), [], 'the kernel has it');
  t.same(open(20), [], 'not a file, or one of the upper');
  data.forgotten(11 as NodeId);
  t.same(open(11), [11], 'the kernel has it no more');
  for (const flags of [O_WRONLY, O_RDWR, O_TRUNC, O_DIRECT]) t.same(open(12, flags), []);
  t.same(open(12), [12]);
  t.end();
});

t.test('ahead of who opens one after the other', (t) => {
  const { open } = makeFirstData();
  t.same([open(11), open(12), open(13)], [[11], [12], [13]], 'may be chance');
  t.same(open(14), [14, 16], 'and what comes after it, which is not the directory');
  t.same(open(16), [17]);
  t.same(open(17), [18]);
  t.same(open(30), [], 'elsewhere');
  t.same(open(31), [31]);
  t.same(open(18), [], 'is there');
  t.same(open(19), [19], 'backwards is another order');
  t.end();
});
