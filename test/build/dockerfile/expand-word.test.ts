import t from 'tap';
import { UserError } from '../../../src/base/user-error.ts';
import { expandWord, expandWords, type ExpandOptions } from '../../../src/build/dockerfile/expand-word.ts';

const values: Readonly<Record<string, string>> = {
  A: 'a',
  empty: '',
  two: 'one two',
  path: '/usr/local/bin/x.tar.gz',
  dots: 'a.b.c',
  star: 'a*b*c',
  ünï: 'letters',
  '1': 'first',
};
const options: ExpandOptions = {
  escape: '\\',
  variables: { find: (name) => (Object.hasOwn(values, name) ? values[name] : undefined) },
};
const backtick: ExpandOptions = { ...options, escape: '`' };

/** What goes in, what comes out. */
const table: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['', ''],
  ['$A', 'a'],
  ['${A}', 'a'],
  ['x${A}y', 'xay'],
  ['$Ax', ''],
  ['$A.x', 'a.x'],
  ['$A-$A', 'a-a'],
  ['$unset', ''],
  ['${unset}', ''],
  ['$', '$'],
  ['a$', 'a$'],
  ['$ $', '$ $'],
  ['$.', '$.'],
  ['$1', 'first'],
  ['$12', ''],
  ['$ünï', 'letters'],
  // Quotes.
  ['"$A"', 'a'],
  ["'$A'", '$A'],
  ['"a b"', 'a b'],
  [`"it's"`, "it's"],
  [`'say "x"'`, 'say "x"'],
  ['a"b"c', 'abc'],
  [`a'b'"c"d`, 'abcd'],
  ['""', ''],
  ['"\\""', '"'],
  ['"\\$A"', '$A'],
  ['"\\\\"', '\\'],
  ['"\\n"', '\\n'],
  ["'\\'", '\\'],
  // Escapes.
  ['\\$A', '$A'],
  ['\\${A}', '${A}'],
  ['\\\\', '\\'],
  ['a\\ b', 'a b'],
  ['\\n', 'n'],
  ['a\\', 'a'],
  ['\\"', '"'],
  ["\\'", "'"],
  // Defaults.
  ['${A:-d}', 'a'],
  ['${empty:-d}', 'd'],
  ['${unset:-d}', 'd'],
  ['${A-d}', 'a'],
  ['${empty-d}', ''],
  ['${unset-d}', 'd'],
  ['${unset:-}', ''],
  ['${unset:-$A}', 'a'],
  ['${unset:-${A}b}', 'ab'],
  ['${unset:-${empty:-${A}}}', 'a'],
  ['${unset:-"a b"}', 'a b'],
  ["${unset:-'$A'}", '$A'],
  ['${unset:-a\\}b}', 'a}b'],
  ['${unset:-http://x/y:z}', 'http://x/y:z'],
  // Alternatives.
  ['${A:+w}', 'w'],
  ['${empty:+w}', ''],
  ['${unset:+w}', ''],
  ['${A+w}', 'w'],
  ['${empty+w}', 'w'],
  ['${unset+w}', ''],
  ['${A:+$two}', 'one two'],
  // Demands that are met.
  ['${A:?is needed}', 'a'],
  ['${A?}', 'a'],
  ['${empty?}', ''],
  // Beginnings.
  ['${path#/usr}', '/local/bin/x.tar.gz'],
  ['${path#*/}', 'usr/local/bin/x.tar.gz'],
  ['${path##*/}', 'x.tar.gz'],
  ['${path#x}', '/usr/local/bin/x.tar.gz'],
  ['${dots#?}', '.b.c'],
  ['${dots#*.}', 'b.c'],
  ['${dots##*.}', 'c'],
  ['${dots#.}', 'a.b.c'],
  ['${star#a\\*}', 'b*c'],
  ['${unset#a}', ''],
  ['${A#}', 'a'],
  ['${dots#$A}', '.b.c'],
  // Ends.
  ['${path%.gz}', '/usr/local/bin/x.tar'],
  ['${path%.*}', '/usr/local/bin/x.tar'],
  ['${path%%.*}', '/usr/local/bin/x'],
  ['${path%/*}', '/usr/local/bin'],
  ['${path%%/*}', ''],
  ['${dots%?}', 'a.b.'],
  ['${dots%%.}', 'a.b.c'],
  ['${star%\\*c}', 'a*b'],
  ['${A%%}', 'a'],
  ['${path%\\/bin*}', '/usr/local'],
  // Replacements.
  ['${dots/./-}', 'a-b.c'],
  ['${dots//./-}', 'a-b-c'],
  ['${dots/.*/}', 'a'],
  ['${dots//?/x}', 'xxxxx'],
  ['${dots/z/y}', 'a.b.c'],
  ['${path//\\//_}', '_usr_local_bin_x.tar.gz'],
  ['${dots/./$A}', 'aab.c'],
  ['${dots/./$&}', 'a$&b.c'],
  ['${dots//./}', 'abc'],
  ['${dots/[a]/x}', 'a.b.c'],
  ['${dots/(a|b)/x}', 'a.b.c'],
  ['${unset/a/b}', ''],
  ['${dots/./\\}}', 'a\\}b.c'],
  ['${path//\\//\\/}', '\\/usr\\/local\\/bin\\/x.tar.gz'],
  ['${dots/$empty/x}', 'xa.b.c'],
  ['${A///}', 'a'],
];

for (const [text, expected] of table) {
  t.test(text === '' ? 'nothing' : text, async (t) => t.equal(expandWord(text, options), expected));
}

t.test('the backtick as escape character', async (t) => {
  const words: readonly (readonly [string, string])[] = [
    ['`$A', '$A'],
    ['c:\\windows\\$A', 'c:\\windows\\a'],
    ['"`""', '"'],
    ['"\\"', '\\'],
    ['a` b', 'a b'],
    ['${star#a`*}', 'b*c'],
  ];
  for (const [text, expected] of words) t.equal(expandWord(text, backtick), expected, text);
});

t.test('what is no word', async (t) => {
  const wrong: readonly (readonly [string, string])[] = [
    ['"open', 'bad-quotes'],
    ["'open", 'bad-quotes'],
    ['${', 'bad-substitution'],
    ['${A', 'bad-substitution'],
    ['${}', 'bad-substitution'],
    ['${:-a}', 'bad-substitution'],
    ['${A:-b', 'bad-substitution'],
    ['${A:b}', 'bad-substitution'],
    ['${A:#b}', 'bad-substitution'],
    ['${A^}', 'bad-substitution'],
    ['${dots/a}', 'bad-substitution'],
    ['${unset:?}', 'unset-variable'],
    ['${empty:?}', 'unset-variable'],
    ['${unset?tell}', 'unset-variable'],
  ];
  for (const [text, code] of wrong) {
    t.throws(() => expandWord(text, options), { code }, text);
  }
  t.throws(() => expandWord('${unset:?say $A}', options), { message: 'unset: say a' });
  t.throws(() => expandWord('"', options), UserError);
});

t.test('several words', async (t) => {
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['a b', ['a', 'b']],
    ['  a\t b ', ['a', 'b']],
    ['$two', ['one', 'two']],
    ['"$two"', ['one two']],
    ['x$two', ['xone', 'two']],
    ['"" a', ['a']],
    ['$empty a', ['a']],
    ['a\\ b c', ['a b', 'c']],
    ["'a b'c d", ['a bc', 'd']],
  ];
  for (const [text, words] of lists) t.strictSame(expandWords(text, options), words, text);
});

t.test('the content of a heredoc keeps its quotes and loses its escapes', async (t) => {
  const content = 'a "$A" \'$A\' \\$A \\\\\n';
  t.equal(expandWord(content, { ...options, keepQuotes: true }), 'a "a" \'a\' $A \\\n');
});
