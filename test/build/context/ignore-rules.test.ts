import t from 'tap';
import { ignoreRules } from '../../../src/build/context/ignore-rules.ts';
import { nameFromText } from '../../../src/base/name.ts';

/** Lines, paths that they leave out, paths that they do not. */
const table: readonly (readonly [readonly string[], readonly string[], readonly string[]])[] = [
  [['a'], ['a', 'a/b', 'a/b/c'], ['b/a', 'ab', 'A', 'constructor']],
  [['/a/'], ['a', 'a/b'], ['b']],
  [['*.o'], ['x.o'], ['d/x.o', 'x.oo']],
  [['**/*.o'], ['x.o', 'd/x.o', 'd/e/x.o'], ['x.c']],
  [['a/**/z'], ['a/z', 'a/b/z', 'a/b/c/z/y'], ['z']],
  [['*/t*'], ['d/temp', 'd/t/x'], ['temp', 'd/e/temp']],
  [['a?'], ['ab'], ['a', 'abc']],
  [
    ['*', '!keep', '!d/in'],
    ['x', 'd', 'd/out'],
    ['keep', 'd/in', 'd/in/x'],
  ],
  [['*.md', '!R*.md', 'Rx.md'], ['a.md', 'Rx.md'], ['R.md']],
  [['# comment', '', '  b  '], ['b'], ['# comment']],
  [['[a-c]x'], ['ax', 'cx'], ['dx']],
  [['[^a]x'], ['bx'], ['ax']],
  [
    ['a+b', '(x)', 'y{1}', 'p|q'],
    ['a+b', '(x)', 'y{1}', 'p|q'],
    ['aab', 'x', 'y', 'p', 'q'],
  ],
  [
    ['\\*', '\\d'],
    ['*', 'd'],
    ['a', '1'],
  ],
  [['ü*'], ['üx'], ['u']],
  [['.'], [], ['a']],
  [['/'], [], ['a']],
  [['**'], ['a', 'a/b'], []],
  [['a/**'], ['a/b', 'a/b/c'], ['a', 'ab']],
  [['**/a'], ['a', 'b/a', 'b/c/a', 'a/b'], ['ba']],
  [['a**'], ['a', 'ab', 'ab/c'], ['b']],
  [['a/**/b/**'], ['a/b/c', 'a/x/b/c'], ['a/b', 'a/x/b', 'a/x']],
  [
    ['**/*', '! b', '!c/'],
    ['a', 'd/b'],
    ['b', 'b/x', 'c'],
  ],
  [['./a/../b/', '  /c  ', 'd\t'], ['b', 'c', 'd'], ['a']],
  [[' # a', '#b'], ['# a'], ['#b', 'a']],
  [
    ['d', '!d/**/keep', '!d/e'],
    ['d', 'd/x', 'd/f'],
    ['d/keep', 'd/x/keep', 'd/e', 'd/e/f', 'd/keep/x'],
  ],
  [
    ['*', '!a', 'a/b', '!a/b/c'],
    ['x', 'a/b', 'a/b/d'],
    ['a', 'a/x', 'a/b/c'],
  ],
  [['a]', '$x', 'b.c'], ['a]', '$x', 'b.c'], ['bxc']],
  [['left-out', 'a-*'], ['left-out', 'a-b'], ['left']],
  [
    ['**/node_modules', '!packages'],
    ['packages/a/node_modules', 'packages/a/node_modules/x'],
    ['packages', 'packages/a'],
  ],
  [['../a'], [], ['a']],
  [['**.pyc'], ['a.pyc', 'd/a.pyc', 'd/.pyc', '.pyc', 'a.pyc/b'], ['a.py', 'a.pyco']],
  [['**file'], ['file', 'a/file', 'myfile', 'a/myfile'], ['files']],
  [['**.p[y]c'], ['.pyc', 'd/.pyc'], ['a.pyc']],
  [['**/.*'], ['.a', 'd/.a', '.d/a'], ['a', 'd/a']],
  [['a**/b'], ['ab', 'ad/b', 'a/b', 'ad/e/b'], ['b', 'cb']],
  [['a**/*b'], ['ab', 'ab/b', 'ab/cb'], ['b']],
  [['a**/?'], ['ab', 'ab/c', 'a/b'], ['b/a', 'a']],
  [['**/a/**'], ['a/b', 'd/a/b'], ['a', 'd/a']],
  [['***'], ['a', 'a/b'], []],
  [['[a**]x'], ['ax', '*x'], ['bx', 'aax']],
  [
    ['d', '!d/e', 'd/e/f'],
    ['d', 'd/x', 'd/e/f', 'd/e/f/g'],
    ['d/e', 'd/e/x'],
  ],
];

for (const [lines, out, rest] of table) {
  t.test(lines.join(' '), async (t) => {
    const rules = ignoreRules(lines, '.dockerignore');
    for (const path of out) t.ok(rules.ignores(nameFromText(path)), `leaves out ${path}`);
    for (const path of rest) t.notOk(rules.ignores(nameFromText(path)), `leaves ${path}`);
  });
}

t.test('exceptions are told, and a broken pattern has its line', async (t) => {
  t.equal(ignoreRules(['a'], 'f').hasExceptions, false);
  t.equal(ignoreRules(['*', '!a'], 'f').hasExceptions, true);
  t.throws(() => ignoreRules(['a', '!'], 'f'), { code: 'bad-pattern', message: /^f:2: / });
  // The malformed ones of path/filepath's own table.
  for (const bad of [
    '[b',
    '[]a]',
    '[-]',
    '[x-]',
    '[-x]',
    '[a-b-c]',
    '[^',
    'a[',
    '*[c',
    'a\\',
    'd/[x-]/e',
    '![x-]',
    '**/[b',
    '**a\\',
  ])
    t.throws(() => ignoreRules(['a', bad], 'f'), { code: 'bad-pattern', message: /^f:2: / }, bad);
  for (const good of ['[\\]a]', '[\\-]', '[\\-x]', '[^a]'])
    t.doesNotThrow(() => ignoreRules([good], 'f'), good);
});
