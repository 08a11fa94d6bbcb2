/** Whatever is asked, each lookup is forgotten once, and not while somebody uses the node. */
import fc from 'fast-check';
import t from 'tap';
import { noNodeId, type NodeId } from '../../../src/base/ids.ts';
import { asName, type Name } from '../../../src/base/name.ts';
import { InodeNumbers } from '../../../src/fuse/libfuse/inode-numbers.ts';
import { PathNodes, type Place } from '../../../src/fuse/libfuse/path-nodes.ts';
import type { FileSystem } from '../../../src/vfs/file-system.ts';

/** A file system where everything but `no` is there, and is another node each time; counts lookups. */
class Counting implements Pick<FileSystem, 'lookup' | 'forget'> {
  readonly lookups = new Map<NodeId, number>();
  #last = 1;

  lookup(_: NodeId, name: Name): NodeId {
    if (name === 'no') return noNodeId;
    return this.make();
  }

  make(): NodeId {
    const node = ++this.#last as NodeId;
    this.lookups.set(node, 1);
    return node;
  }

  forget(node: NodeId, count: number): boolean {
    const left = (this.lookups.get(node) ?? 0) - count;
    if (left < 0) throw new Error('forgotten too often');
    if (left === 0) this.lookups.delete(node);
    else this.lookups.set(node, left);
    return left === 0;
  }
}

const path = fc.array(fc.constantFrom('a', 'b', 'no'), { maxLength: 4 }).map((names) => names.map(asName));
const act = fc.record({
  kind: fc.constantFrom('enter', 'leave', 'adopt', 'drop'),
  path,
  name: fc.constantFrom('a', 'b').map(asName),
});

for (const layersChange of [false, true]) {
  t.test(`layersChange=${String(layersChange)}`, async (t) => {
    const balanced = (): void =>
      fc.assert(
        fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
          const fs = new Counting();
          const nodes = new PathNodes(fs as unknown as FileSystem, layersChange);
          const used: Place[] = [];
          const alive = (): boolean => used.every(({ node }) => node === 1 || fs.lookups.has(node));
          for (const { kind, path: names, name } of acts) {
            const place = used.at(-1);
            if (kind === 'enter') {
              if (!names.includes(asName('no'))) used.push(nodes.enter(names));
            } else if (place === undefined) continue;
            else if (kind === 'adopt') nodes.adopt(place, name, fs.make());
            else if (kind === 'drop') nodes.drop(place, name);
            else nodes.leave(used.shift() ?? place);
            if (!alive()) return false;
          }
          for (const place of used) nodes.leave(place);
          const root = nodes.enter([]);
          for (const name of ['a', 'b']) nodes.drop(root, asName(name));
          return fs.lookups.size === 0;
        }),
      );
    t.doesNotThrow(balanced);
  });
}

t.test('an absent name', async (t) => {
  const nodes = new PathNodes(new Counting() as unknown as FileSystem, false);
  t.throws(() => nodes.enter([asName('a'), asName('no')]), { code: 'ENOENT' });
});

t.test('an inode number is short and nobody else has it', async (t) => {
  const numbers = new InodeNumbers();
  t.equal(numbers.of(7, 0), 7);
  const large = numbers.of(7, 1);
  t.ok(large >= 2 ** 31 && large < 2 ** 32);
  t.equal(numbers.of(7, 1), large);
  t.not(numbers.of(7, 2), large);
  t.not(numbers.of(0x8000_0000, 0), large);
});
