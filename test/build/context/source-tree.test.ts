import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import { asName, nameFromText, nameToExactText } from '../../../src/base/name.ts';
import { contentFacts } from '../../../src/build/context/content-key.ts';
import { ignoreRules, noRules } from '../../../src/build/context/ignore-rules.ts';
import { SourceTree } from '../../../src/build/context/source-tree.ts';
import { RealFs } from '../../../src/os/real-fs.ts';
import { makeScratch } from '../../fixtures/mount.ts';
import { needs } from '../../fixtures/needs.ts';

const fs = new RealFs();
const { signal } = new AbortController();

function stage(t: Parameters<typeof makeScratch>[0], ...lines: string[]) {
  const root = makeScratch(t).directory('tree');
  for (const directory of ['src', 'src/deep', 'docs', 'empty']) mkdirSync(`${root}/${directory}`);
  for (const file of ['a.txt', 'b.txt', 'src/main.c', 'src/deep/x.c', 'docs/a.md', '*lit']) {
    writeFileSync(`${root}/${file}`, file);
  }
  symlinkSync('src', `${root}/link`);
  symlinkSync('/a.txt', `${root}/absolute`);
  symlinkSync('../../../../etc/passwd', `${root}/outside`);
  symlinkSync('nowhere', `${root}/broken`);
  const tree = new SourceTree(fs, root, {
    rules: lines.length === 0 ? noRules : ignoreRules(lines, '.dockerignore'),
  });
  t.teardown(async () => {
    tree.close();
  });
  const find = (source: string) => tree.find(source).map(({ path }) => path as string);
  const walk = (source: string) =>
    tree.find(source).flatMap((found) => [...tree.walk(found)].map(({ relative }) => relative as string));
  return { root, tree, find, walk };
}

t.test('sources are found as filepath.Match finds them', async (t) => {
  const { find } = stage(t);
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['a.txt', ['a.txt']],
    ['/a.txt', ['a.txt']],
    ['./src/../a.txt', ['a.txt']],
    ['../../a.txt', ['a.txt']],
    ['.', ['']],
    ['/', ['']],
    ['*.txt', ['a.txt', 'b.txt']],
    ['?.txt', ['a.txt', 'b.txt']],
    ['[b-z].txt', ['b.txt']],
    ['*/*.c', ['link/main.c', 'src/main.c']],
    ['s*/deep', ['src/deep']],
    ['**/*.c', ['src/deep/x.c', 'src/main.c']],
    ['src/**', ['src', 'src/deep']],
    ['**/x.c', ['src/deep/x.c']],
    ['nothing*', []],
    ['\\*lit', ['*lit']],
    ['link', ['link']],
    ['link/main.c', ['link/main.c']],
    ['absolute', ['absolute']],
  ];
  for (const [source, paths] of table) t.strictSame(find(source), paths, source);
});

t.test('what is not there is an error, and nothing leads out', async (t) => {
  const { find } = stage(t);
  for (const source of ['c.txt', 'a.txt/x', 'broken', 'outside', 'src/nope/x']) {
    t.throws(() => find(source), { code: 'no-source' }, source);
  }
  t.throws(() => find('[a'), { code: 'bad-pattern' });
});

t.test('a walk has all but sockets, a directory first', async (t) => {
  const { walk, root } = stage(t);
  const server = createServer().listen(`${root}/src/socket`);
  await once(server, 'listening');
  t.strictSame(walk('src'), ['', 'deep', 'deep/x.c', 'main.c']);
  server.close();
  t.strictSame(walk('link'), ['', 'deep', 'deep/x.c', 'main.c']);
  t.equal(walk('.').length, 15, 'links that lead nowhere too');
});

t.test('the rules of .dockerignore', async (t) => {
  const { walk, find } = stage(t, 'src', '*.txt', '!src/deep/x.c', '!b.txt', 'docs');
  t.strictSame(walk('.'), [
    '',
    '*lit',
    'absolute',
    'b.txt',
    'broken',
    'empty',
    'link',
    'outside',
    'src',
    'src/deep',
    'src/deep/x.c',
  ]);
  t.strictSame(walk('src'), ['', 'deep', 'deep/x.c']);
  t.strictSame(find('*.txt'), ['b.txt']);
  t.throws(() => find('a.txt'), { code: 'no-source', hint: /\.dockerignore/ });
  t.strictSame(walk('docs'), [], 'nothing of it is left');
});

t.test('names that are no UTF-8', async (t) => {
  const { root, walk, tree } = stage(t);
  execFileSync('sh', ['-c', String.raw`cd "$1" && : > "$(printf 'docs/\377')"`, 'sh', root]);
  t.strictSame(walk('docs'), ['', 'a.md', '\xff']);
  t.equal(tree.find('docs/*').length, 2);
});

t.test('the key: everything but times', needs('root'), async (t) => {
  const { root, tree } = stage(t);
  const file = `${root}/src/main.c`;
  const key = async (owners: 'kept' | 'ignored' = 'ignored') =>
    JSON.stringify(
      await Promise.all(
        tree.find('src').map((found) => contentFacts(fs, tree, found, { owners, rules: noRules, signal })),
      ),
    );
  const changes: readonly (readonly [string, () => void])[] = [
    ['content', () => writeFileSync(file, 'other')],
    ['mode', () => chmodSync(file, 0o755)],
    ['set-user-id', () => chmodSync(file, 0o4755)],
    ['an attribute', () => execFileSync('setfattr', ['-n', 'user.x', '-v', '1', file])],
    ['its value', () => execFileSync('setfattr', ['-n', 'user.x', '-v', '2', file])],
    ['a capability', () => execFileSync('setcap', ['cap_net_raw+ep', file])],
    ['a new name', () => writeFileSync(`${root}/src/new`, '')],
    ['a name gone', () => rmSync(`${root}/src/new`)],
    [
      'a type',
      () => {
        rmSync(file);
        symlinkSync('other', file);
      },
    ],
    [
      'a target',
      () => {
        rmSync(file);
        symlinkSync('another', file);
      },
    ],
    ['a directory', () => mkdirSync(`${root}/src/dir`)],
    ['a second name', () => linkSync(`${root}/src/deep/x.c`, `${root}/src/dir/x`)],
    [
      'a file of its own in its place',
      () => {
        rmSync(`${root}/src/dir/x`);
        cpSync(`${root}/src/deep/x.c`, `${root}/src/dir/x`);
      },
    ],
    [
      'a name that is no UTF-8',
      () => execFileSync('sh', ['-c', ': > "$1$(printf "\\376")"', 'sh', `${root}/src/`]),
    ],
    [
      'another one',
      () =>
        execFileSync('sh', ['-c', 'mv "$1$(printf "\\376")" "$1$(printf "\\377")"', 'sh', `${root}/src/`]),
    ],
    [
      'its escape',
      () => execFileSync('sh', ['-c', 'mv "$1$(printf "\\377")" "$1\\xff"', 'sh', `${root}/src/`]),
    ],
    ['a mode of a directory', () => chmodSync(`${root}/src`, 0o700)],
  ];
  let before = await key();
  for (const [what, change] of changes) {
    change();
    const after = await key();
    t.not(after, before, what);
    before = after;
  }
  utimesSync(`${root}/src/deep/x.c`, 1, 1);
  utimesSync(`${root}/src`, 1, 1);
  t.equal(await key(), before, 'times');
  const kept = await key('kept');
  chownSync(`${root}/src/deep/x.c`, 5, 5);
  t.equal(await key(), before, 'an owner of a context');
  t.not(await key('kept'), kept, 'an owner of a stage');
});

t.test('names of bytes are told apart, and by keys', async (t) => {
  const texts = ['a', '\u{fc}', '\\', '\\xff'].map(nameFromText);
  const names = [...texts, asName('\xff'), asName('\xfe'), asName('\\\xff'), asName('\xc3\xbc\xff')];
  t.equal(new Set(names.map(nameToExactText)).size, names.length);
  t.equal(nameToExactText(nameFromText('\u{fc}')), '\u{fc}');
  t.equal(nameToExactText(asName('x\xfe\\')), String.raw`x\xfe\\`);
});

t.test('what goes away while it is walked is passed over', async (t) => {
  const { root, tree } = stage(t);
  for (const name of ['m', 'n', 'o']) mkdirSync(`${root}/gone/${name}`, { recursive: true });
  const seen: string[] = [];
  for (const { relative } of tree.walk(tree.find('gone')[0]!)) {
    seen.push(relative);
    rmSync(`${root}/gone/n`, { recursive: true, force: true });
  }
  t.strictSame(seen, ['', 'm', 'o']);
});

t.test('facts name the file that has changed', async (t) => {
  const { root, tree } = stage(t);
  const facts = async () =>
    new Map(
      await contentFacts(fs, tree, tree.find('src')[0]!, { owners: 'ignored', rules: noRules, signal }),
    );
  const before = await facts();
  t.strictSame([...before.keys()], ['src', 'src/deep', 'src/deep/x.c', 'src/main.c']);
  writeFileSync(`${root}/src/deep/x.c`, 'changed');
  const after = await facts();
  t.strictSame(
    [...after.keys()].filter((path) => after.get(path) !== before.get(path)),
    ['src/deep/x.c'],
  );
});

t.test('a source that is left out by a rule of its own', async (t) => {
  const { tree } = stage(t);
  const rules = ignoreRules(['**/*.c'], '--exclude');
  const names = [...tree.walk(tree.find('src')[0]!, rules)].map(({ relative }) => relative as string);
  t.strictSame(names, ['', 'deep']);
  t.equal(rules.ignores(nameFromText('main.c')), true);
});
