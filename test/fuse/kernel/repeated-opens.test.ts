import t from 'tap';
import type { NodeId } from '../../../src/base/ids.ts';
import { maxRepeated } from '../../../src/os/fuse-channel.ts';
import { RepeatedOpens } from '../../../src/fuse/kernel/repeated-opens.ts';
import { FakeChannel } from './fixtures/fake-channel.ts';

/** A channel that repeats what it is told to, and for which some nodes are open still, which keeps their places. */
class Repeating extends FakeChannel {
  readonly known = new Set<number>();
  readonly inUse = new Set<number>();

  override repeatOpen(node?: number): boolean {
    if (node === undefined || this.known.has(node) || this.known.size === maxRepeated) return false;
    this.known.add(node);
    return true;
  }

  override endRepeat(node?: number): boolean {
    return node !== undefined && !this.inUse.has(node) && this.known.delete(node);
  }

  override endUnusedRepeat(node?: number): boolean {
    return this.endRepeat(node);
  }
}

function setUp(): { channel: Repeating; repeats: RepeatedOpens; released: [number, number][] } {
  const channel = new Repeating();
  const released: [number, number][] = [];
  const repeats = new RepeatedOpens(channel, (node, fh) => released.push([node, fh]));
  return { channel, repeats, released };
}

const answerOf = (fh: number): { fh: number; flags: number; backingId: number } => ({
  fh,
  flags: 2,
  backingId: 0,
});

t.test('what nobody has open is released when it ends', (t) => {
  const { channel, repeats, released } = setUp();
  repeats.begin(5 as NodeId, answerOf(50));
  repeats.begin(6 as NodeId, answerOf(60));
  channel.inUse.add(6);
  for (const node of [5, 6, 7]) repeats.end(node as NodeId);
  repeats.end(5 as NodeId);
  t.strictSame(released, [[5, 50]], 'the release of the other one will come');
  t.end();
});

t.test('of too many the oldest ends', (t) => {
  const { repeats, released } = setUp();
  for (let node = 1; node <= maxRepeated + 2; node++) repeats.begin(node as NodeId, answerOf(node * 10));
  t.strictSame(released, [
    [1, 10],
    [2, 20],
  ]);
  repeats.endAll();
  t.equal(released.length, maxRepeated + 2);
  t.end();
});

t.test('those in use do not keep out others', (t) => {
  const { channel, repeats, released } = setUp();
  for (let node = 1; node <= 40; node++) channel.inUse.add(node);
  for (let node = 1; node <= 3 * maxRepeated; node++) repeats.begin(node as NodeId, answerOf(node));
  t.ok(channel.known.has(3 * maxRepeated));
  t.ok(channel.known.has(1), 'one that is in use is repeated on');
  channel.inUse.clear();
  repeats.endAll();
  const without = 3 * maxRepeated - released.length;
  t.ok(without < 10, `${String(without)} had no place`);
  t.end();
});

t.test('what the channel does not repeat is not held', (t) => {
  const { channel, repeats, released } = setUp();
  channel.known.add(5);
  repeats.begin(5 as NodeId, answerOf(50));
  repeats.end(5 as NodeId);
  t.strictSame(released, []);
  t.end();
});
