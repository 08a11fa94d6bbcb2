/** A .dockerignore never left out what is named as something that every object of JavaScript has. */
import t from 'tap';
import { nameFromText } from '../../src/base/name.ts';
import { ignoreRules } from '../../src/build/context/ignore-rules.ts';

t.test('files of such names are left out', async (t) => {
  const names = ['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf'];
  const rules = ignoreRules([...names, '!valueOf'], '.dockerignore');
  for (const name of names) t.equal(rules.ignores(nameFromText(name)), name !== 'valueOf', name);
  const others = ignoreRules(['x'], '.dockerignore');
  for (const name of names) t.equal(others.ignores(nameFromText(name)), false, name);
});
