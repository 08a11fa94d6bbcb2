/** Which nodes stay in memory: those that somebody needs, and what leads to them. */
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { S_IFREG } from '../../src/os/constants.ts';
import type { Node } from '../../src/union/node.ts';
import { makeTable } from './fixtures/table.ts';

t.test('directories that are forgotten before a file with names in all of them', (t) => {
  const { table, root, directory } = makeTable();
  const tops = ['a', 'b', 'c'].map((name) => directory(root, name));
  const insides = tops.map((top) => directory(top, 'inside'));
  const [first, ...more] = insides as [Node, ...Node[]];
  const file = table.add(S_IFREG, first, asName('file'));
  file.lookups = 1;
  for (const parent of more) table.addLink(file, parent, asName('file'));
  for (const node of [...tops, ...insides]) table.forget(node.id, 1);
  t.equal(table.size, 8, 'they lead to the file');
  table.forget(file.id, 1);
  t.equal(table.size, 1);
  t.equal(root.dir?.children.size, 0);
  t.end();
});

t.test('a deep tree', (t) => {
  const { table, root, directory } = makeTable();
  const deepest = [root, root].map((top, i) => {
    let node = directory(top, String(i));
    for (let depth = 0; depth < 20_000; depth++) {
      const inner = directory(node, 'd');
      table.forget(node.id, 1);
      node = inner;
    }
    return node;
  });
  const [one, two] = deepest as [Node, Node];
  const file = table.add(S_IFREG, one, asName('file'));
  table.addLink(file, two, asName('file'));
  file.lookups = 1;
  for (const node of deepest) table.forget(node.id, 1);
  table.forget(file.id, 1);
  t.equal(table.size, 1);
  t.end();
});
