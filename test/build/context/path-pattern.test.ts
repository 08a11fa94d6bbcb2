import t from 'tap';
import { componentExpression, hasWildcard } from '../../../src/build/context/path-pattern.ts';

/** The pattern, names that match, names that do not (path/filepath/match_test.go has most of them). */
const table: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['abc', ['abc'], ['ab', 'abcd', 'xabc']],
  ['*', ['', 'abc', '.a'], ['a/b']],
  ['*c', ['abc', 'c'], ['abcd']],
  ['a*', ['a', 'abc'], ['ba', 'a/b']],
  ['a*b*c', ['abc', 'axbxc'], ['ab']],
  ['?', ['a', 'ü', '☺'], ['', 'ab', '/']],
  ['a.c', ['a.c'], ['abc']],
  ['a+(b)|{c}^$', ['a+(b)|{c}^$'], ['aab']],
  ['[abc]', ['a', 'c'], ['d', '']],
  ['ab[c]', ['abc'], ['abd']],
  ['ab[b-d]', ['abc'], ['abe']],
  ['ab[^c]', ['abd'], ['abc', 'ab/']],
  ['ab[^b-d]', ['abe'], ['abc']],
  ['[\\]a]', [']', 'a'], ['b']],
  ['[\\-]', ['-'], ['x']],
  ['[x\\-]', ['x', '-'], ['z']],
  ['[\\-x]', ['x', '-'], ['a']],
  ['[a-z]*', ['bx'], ['Bx', '1']],
  ['[z-a]', [], ['a', 'z', 'm']],
  ['[.$]', ['.', '$'], ['a']],
  ['\\*', ['*'], ['a', '\\*']],
  ['a\\bc', ['abc'], ['a\\bc']],
  ['[☺a]', ['☺'], ['b']],
  ['*.tar.??', ['x.tar.gz'], ['x.tar', 'xtarxgz']],
];

for (const [pattern, matching, others] of table) {
  t.test(pattern, async (t) => {
    const expression = componentExpression(pattern);
    for (const name of matching) t.ok(expression.test(name), `matches ${name}`);
    for (const name of others) t.notOk(expression.test(name), `not ${name}`);
  });
}

t.test('every character means itself, or does so behind a backslash', async (t) => {
  const all = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
  for (const char of all.filter((one) => one !== '/')) {
    if (!hasWildcard(char)) t.ok(componentExpression(`a${char}*`).test(`a${char}b`), char);
    for (const pattern of [`a\\${char}*`, `a[\\${char}]*`])
      t.ok(componentExpression(pattern).test(`a${char}b`), pattern);
  }
});

t.test('patterns that are not complete', async (t) => {
  for (const pattern of ['[', '[a', '[^', 'a[', '[]', '[-]', '[x-]', '[-x]', 'a\\', '[\\']) {
    t.throws(() => componentExpression(pattern), { code: 'bad-pattern' }, pattern);
  }
});

t.test('what makes a pattern', async (t) => {
  for (const text of ['*', 'a?', '[a]', 'a\\b', '**']) t.ok(hasWildcard(text), text);
  for (const text of ['', 'a', 'a.b', 'a]', '{a}']) t.notOk(hasWildcard(text), text);
});
