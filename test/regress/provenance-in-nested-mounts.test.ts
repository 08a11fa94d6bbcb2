/** `strata which` of a file in a mount that lies in another one took either of the two. */
import { mkdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeStrata } from '../cli/fixtures/strata.ts';

t.test('the innermost mount tells', needs(...mountNeeds), (t) => {
  const { scratch, get } = makeStrata(t);
  for (const name of ['outer', 'inner']) {
    const tree = scratch.directory(`${name}-tree`);
    mkdirSync(`${tree}/place`);
    writeFileSync(`${tree}/${name}`, name);
    get('import', tree, name);
  }
  const place = scratch.directory('mounts');
  // Records have random names, by which they are sorted.
  for (let turn = 0; turn < 4; turn += 1) {
    get('mount', 'outer', place);
    get('mount', 'inner', `${place}/place`);
    t.match(get('which', `${place}/place/inner`), /^\/inner: layer/);
    t.match(get('which', `${place}/outer`), /^\/outer: layer/);
    get('umount', `${place}/place`);
    get('umount', place);
  }
  t.end();
});

t.test('a name with a newline', needs(...mountNeeds), (t) => {
  const { scratch, get } = makeStrata(t);
  const tree = scratch.directory('tree');
  writeFileSync(`${tree}/two\nlines`, 'found');
  get('import', tree, 'odd');
  t.equal(get('cat', 'odd:/two\nlines'), 'found');
  t.end();
});
