/** The further names of a file against a plain set, few and many; and a file with very many names. */
import fc from 'fast-check';
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { S_IFREG } from '../../src/os/constants.ts';
import { Links } from '../../src/union/links.ts';
import type { Node } from '../../src/union/node.ts';
import type { NodeTable } from '../../src/union/node-table.ts';
import { makeTable } from './fixtures/table.ts';

function makeDirectories(count: number): { table: NodeTable; directories: Node[] } {
  const { table, root, directory } = makeTable();
  return { table, directories: Array.from({ length: count }, (_, i) => directory(root, String(i))) };
}

t.test('knows what a set knows', (t) => {
  const { directories } = makeDirectories(3);
  const step = fc.record({
    kind: fc.constantFrom('add', 'add', 'delete', 'take'),
    parent: fc.nat(2),
    name: fc.nat(12),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const links = new Links();
      const known = new Set<string>();
      for (const { kind, parent, name } of steps) {
        const [directory, link] = [directories[parent] as Node, `${String(parent)}/${String(name)}`];
        if (kind === 'add') {
          links.add(directory, asName(String(name)));
          known.add(link);
        } else if (kind === 'delete') {
          links.delete(directory, asName(String(name)));
          known.delete(link);
        } else {
          const taken = links.take();
          const was = taken !== undefined && known.delete(`${taken.parent.name}/${taken.name}`);
          if (!was && known.size > 0) throw new Error('took what was not there');
        }
        const found = [...links].map((one) => `${one.parent.name}/${one.name}`);
        if (found.sort().join() !== [...known].sort().join() || links.size !== known.size)
          throw new Error(`other links: ${found.join()}`);
      }
    }),
    { numRuns: 1000 },
  );
  t.pass();
  t.end();
});

// To list or remove 40,000 names of one file took a time that grows with the square of their number.
t.test('a file with very many names', (t) => {
  const { table, directories } = makeDirectories(2);
  const [one, two] = directories as [Node, Node];
  const file = table.add(S_IFREG, one, asName('0'));
  file.lookups = 1;
  const count = 100_000;
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < count; n++) table.addLink(file, n % 2 === 0 ? one : two, asName(String(n)));
  }
  t.equal(file.moreLinks?.size, count - 1);
  for (let n = 0; n < count / 2; n++) table.removeLink(file, n % 2 === 0 ? one : two, asName(String(n)));
  for (let n = count - 1; n > count / 2; n--)
    table.removeLink(file, n % 2 === 0 ? one : two, asName(String(n)));
  t.equal(file.name, String(count / 2));
  t.equal(file.moreLinks, undefined);
  t.equal((one.dir?.children.size ?? 0) + (two.dir?.children.size ?? 0), 1);
  t.end();
});
