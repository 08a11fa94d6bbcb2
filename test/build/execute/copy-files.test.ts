import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import t from 'tap';
import { asName } from '../../../src/base/name.ts';
import { ignoreRules, noRules } from '../../../src/build/context/ignore-rules.ts';
import { SourceTree } from '../../../src/build/context/source-tree.ts';
import {
  copyFiles,
  findFileAsDirectoryWarning,
  type CopyRequest,
} from '../../../src/build/execute/copy-files.ts';
import { parseMode } from '../../../src/build/execute/modes.ts';
import { lookUpOwner } from '../../../src/build/execute/owners.ts';
import { InRoot, rootOwner } from '../../../src/os/in-root.ts';
import { RealFs } from '../../../src/os/real-fs.ts';
import { makeScratch } from '../../fixtures/mount.ts';
import { needs } from '../../fixtures/needs.ts';

const fs = new RealFs();

interface Options extends Partial<Omit<CopyRequest, 'sources' | 'destination'>> {
  readonly below?: string;
}

function stage(t: Parameters<typeof makeScratch>[0]) {
  const scratch = makeScratch(t);
  const from = scratch.directory('from');
  const to = scratch.directory('to');
  mkdirSync(`${from}/d/e`, { recursive: true });
  for (const file of ['a.txt', 'b.txt', 'd/x', 'd/e/y']) writeFileSync(`${from}/${file}`, file);
  const tree = new SourceTree(fs, from);
  const target = new InRoot(to);
  t.teardown(async () => {
    tree.close();
    target.close();
  });
  const request = (
    sources: string,
    destination: string,
    { below, ...options }: Options = {},
  ): CopyRequest => ({
    sources: sources
      .split(' ')
      .flatMap((source) => tree.find(source))
      .map((found) => ({ tree, found, ...(below === undefined ? {} : { below: asName(below) }) })),
    destination,
    attributes: { owner: rootOwner, mode: undefined },
    exclude: noRules,
    signal: new AbortController().signal,
    ...options,
  });
  const copy = (sources: string, destination: string, options?: Options) =>
    copyFiles(fs, target, request(sources, destination, options));
  const list = () =>
    execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P %y\n'], { cwd: to, encoding: 'utf8' })
      .trim()
      .split('\n')
      .sort();
  return { from, to, tree, target, request, copy, list };
}

t.test('where files go', needs('root'), async (t) => {
  /** Sources, destination, what is there afterwards (in a tree with the directory `there`). */
  const table: readonly (readonly [string, string, readonly string[]])[] = [
    ['a.txt', '/new', ['new f']],
    ['a.txt', '/new/', ['new d', 'new/a.txt f']],
    ['a.txt', '/there', ['there/a.txt f']],
    ['a.txt', '/there/', ['there/a.txt f']],
    ['a.txt', '/there/.', ['there/a.txt f']],
    ['a.txt', '/', ['a.txt f']],
    ['a.txt', '/p/q/r', ['p d', 'p/q d', 'p/q/r f']],
    ['a.txt b.txt', '/p/', ['p d', 'p/a.txt f', 'p/b.txt f']],
    ['*.txt', '/p/', ['p d', 'p/a.txt f', 'p/b.txt f']],
    ['*.txt', '/there', ['there/a.txt f', 'there/b.txt f']],
    ['d d/e', '/new', ['new d', 'new/e d', 'new/e/y f', 'new/x f', 'new/y f']],
    ['d', '/new', ['new d', 'new/e d', 'new/e/y f', 'new/x f']],
    ['d', '/there', ['there/e d', 'there/e/y f', 'there/x f']],
    ['d/', '/there/', ['there/e d', 'there/e/y f', 'there/x f']],
    ['d a.txt', '/n/', ['n d', 'n/a.txt f', 'n/e d', 'n/e/y f', 'n/x f']],
    ['d/e/y', '/there', ['there/y f']],
  ];
  for (const [sources, destination, expected] of table) {
    await t.test(`${sources} to ${destination}`, async (t) => {
      const { copy, list, to } = stage(t);
      mkdirSync(`${to}/there`);
      await copy(sources, destination);
      t.strictSame(list(), [...expected, 'there d'].sort());
    });
  }
});

t.test('a directory is copied as cp -a copies it, but for its owner', needs('root'), async (t) => {
  const { from, to, copy } = stage(t);
  execFileSync(
    'sh',
    ['-c', 'mkfifo d/fifo; mknod d/null c 1 3; ln -s ../a.txt d/link; setfattr -n user.x -v 1 d/x'],
    { cwd: from },
  );
  execFileSync('sh', ['-c', 'setfacl -m u:7:r d/e/y; truncate -s 5M d/sparse; setcap cap_net_raw+ep d/x'], {
    cwd: from,
  });
  chmodSync(`${from}/d/e`, 0o1751);
  chmodSync(`${from}/d/e/y`, 0o4711);
  execFileSync('touch', ['-hd', '2001-02-03T04:05:06.789', 'd/link', 'd/x', 'd/e', 'd'], { cwd: from });
  await copy('d', '/copy', { keepsRoots: true });
  execFileSync('cp', ['-a', `${from}/d`, `${to}/oracle`]);
  const picture = (top: string) =>
    execFileSync(
      'sh',
      [
        '-c',
        String.raw`find . -printf '%P %y %m %U %G %T@ %l\n' | sort; find . -type f | sort | xargs md5sum; getfattr -dhRm - . | sort`,
        'sh',
      ],
      { cwd: `${to}/${top}`, encoding: 'utf8' },
    );
  t.equal(picture('copy'), picture('oracle'));
  t.ok(lstatSync(`${to}/copy/sparse`).blocks < 100, 'holes stay holes');
});

t.test('owners and modes', needs('root'), async (t) => {
  const { from, to, copy, target } = stage(t);
  chownSync(`${from}/d/x`, 7, 8);
  const ownerOf = (path: string) => [lstatSync(`${to}/${path}`).uid, lstatSync(`${to}/${path}`).gid];
  const modeOf = (path: string) => lstatSync(`${to}/${path}`).mode & 0o7777;
  await copy('d', '/root');
  t.strictSame(ownerOf('root/x'), [0, 0]);
  await copy('d', '/kept', { attributes: { owner: undefined, mode: undefined } });
  t.strictSame(ownerOf('kept/x'), [7, 8]);
  mkdirSync(`${to}/etc`);
  writeFileSync(`${to}/etc/passwd`, 'root:x:0:0::/:\nweb:x:33:34::/:\n');
  writeFileSync(`${to}/etc/group`, 'root:x:0:\nstaff:x:50:\n');
  t.strictSame(lookUpOwner(target, 'web:staff'), { uid: 33, gid: 50 });
  t.strictSame(lookUpOwner(target, 'web'), { uid: 33, gid: 34 }, 'the group of a name is that of its line');
  t.strictSame(lookUpOwner(target, '5'), { uid: 5, gid: 5 });
  t.strictSame(lookUpOwner(target, '5:staff'), { uid: 5, gid: 50 });
  for (const text of ['nobody', 'web:x', ':', 'a:b:c', '']) {
    t.throws(() => lookUpOwner(target, text), { code: 'unknown-owner' }, text);
  }
  await copy('d', '/p/q', { attributes: { owner: { uid: 5, gid: 6 }, mode: parseMode('u=rwX,go=') } });
  for (const path of ['p', 'p/q', 'p/q/x', 'p/q/e', 'p/q/e/y']) t.strictSame(ownerOf(path), [5, 6], path);
  t.strictSame([modeOf('p/q/x'), modeOf('p/q/e')], [0o600, 0o700]);
});

t.test('links of the image lead nowhere but into it', needs('root'), async (t) => {
  const { from, to, copy } = stage(t);
  mkdirSync(`${to}/real`);
  symlinkSync('/real', `${to}/absolute`);
  symlinkSync('../../../../real', `${to}/up`);
  symlinkSync('real/passwd', `${to}/file`);
  symlinkSync('/none/deep', `${to}/broken`);
  symlinkSync('a.txt', `${to}/real/own`);
  await copy('a.txt', '/absolute/');
  await copy('b.txt', '/up');
  await copy('a.txt', '/file');
  await copy('b.txt', '/broken/x/');
  t.equal(readFileSync(`${to}/real/a.txt`, 'utf8'), 'a.txt');
  t.equal(readFileSync(`${to}/real/b.txt`, 'utf8'), 'b.txt');
  t.equal(readlinkSync(`${to}/file`), 'real/passwd', 'the link stays');
  t.equal(readFileSync(`${to}/real/passwd`, 'utf8'), 'a.txt');
  t.equal(readlinkSync(`${to}/broken`), '/none/deep');
  t.equal(readFileSync(`${to}/none/deep/x/b.txt`, 'utf8'), 'b.txt');
  symlinkSync('real', `${to}/d2`);
  writeFileSync(`${from}/d/own`, 'own');
  await copy('d', '/d2');
  t.equal(readFileSync(`${to}/real/own`, 'utf8'), 'own', 'what a directory holds takes the place of links');
});

t.test('a link as a source is followed, one in a directory is kept', needs('root'), async (t) => {
  const { from, to, copy } = stage(t);
  symlinkSync('a.txt', `${from}/link`);
  symlinkSync('d', `${from}/dirlink`);
  symlinkSync('../a.txt', `${from}/d/inner`);
  await copy('link', '/copied');
  await copy('dirlink', '/dir');
  t.equal(readFileSync(`${to}/copied`, 'utf8'), 'a.txt');
  t.equal(readlinkSync(`${to}/dir/inner`), '../a.txt');
});

t.test('several names of one file stay one file', needs('root'), async (t) => {
  const { from, to, copy } = stage(t);
  linkSync(`${from}/d/x`, `${from}/d/e/again`);
  await copy('d', '/dir');
  t.equal(lstatSync(`${to}/dir/x`).ino, lstatSync(`${to}/dir/e/again`).ino);
  await copy('d', '/dir');
  t.equal(lstatSync(`${to}/dir/x`).nlink, 2, 'also when it is copied over');
});

t.test('what is there is replaced, and a directory stays one', needs('root'), async (t) => {
  const { from, to, copy } = stage(t);
  await copy('a.txt', '/f');
  await copy('b.txt', '/f');
  t.equal(readFileSync(`${to}/f`, 'utf8'), 'b.txt');
  mkdirSync(`${to}/dir/e`, { recursive: true });
  writeFileSync(`${to}/dir/own`, '');
  chmodSync(`${to}/dir`, 0o711);
  chmodSync(`${from}/d`, 0o750);
  chmodSync(`${from}/d/e`, 0o700);
  await copy('d', '/dir');
  t.equal(lstatSync(`${to}/dir`).mode & 0o777, 0o711, 'a destination that is there keeps its mode');
  t.equal(lstatSync(`${to}/dir/e`).mode & 0o777, 0o700, 'a directory in it takes the new one');
  t.ok(lstatSync(`${to}/dir/own`));
  await t.rejects(copy('d', '/f'), { code: 'not-a-directory' });
  await t.rejects(copy('a.txt', '/f/x'), { code: 'not-a-directory' });
  mkdirSync(`${to}/dir2/x`, { recursive: true });
  await t.rejects(copy('d', '/dir2'), { code: 'is-a-directory' });
  await t.rejects(copy('*.txt', '/new'), { code: 'several-sources' });
  await t.rejects(copy('a.txt b.txt', '/new'), { code: 'several-sources', hint: /\/new\// });
});

t.test('a directory that is made for one is none of its copies', needs('root'), async (t) => {
  const { from, to, copy } = stage(t);
  chmodSync(`${from}/d`, 0o700);
  chownSync(`${from}/d`, 7, 8);
  utimesSync(`${from}/d`, 5, 5);
  const facts = (path: string) => {
    const { mode, uid, gid, mtimeMs } = lstatSync(`${to}/${path}`);
    return [mode & 0o7777, uid, gid, mtimeMs === 5000];
  };
  await copy('d', '/plain');
  await copy('d', '/kept', { attributes: { owner: undefined, mode: undefined } });
  await copy('d', '/owned', { attributes: { owner: { uid: 5, gid: 6 }, mode: parseMode('750') } });
  t.strictSame(facts('plain'), [0o755, 0, 0, false]);
  t.strictSame(facts('kept'), [0o755, 0, 0, false]);
  t.strictSame(facts('owned'), [0o750, 5, 6, false]);
});

t.test('--parents and --exclude', needs('root'), async (t) => {
  const { from, to, copy, list } = stage(t);
  chmodSync(`${from}/d/e`, 0o711);
  utimesSync(`${from}/d/e`, 5, 5);
  await copy('d/e/y', '/p/', { below: 'd/e/y' });
  await copy('d/e', '/q', { below: 'e' });
  t.strictSame(list(), ['p d', 'p/d d', 'p/d/e d', 'p/d/e/y f', 'q d', 'q/e d', 'q/e/y f']);
  t.equal(lstatSync(`${to}/p/d/e`).mode & 0o777, 0o711);
  await copy('d', '/r', { exclude: ignoreRules(['e/*', '!e/z'], '--exclude') });
  t.ok(list().includes('r/x f'));
  t.notOk(list().includes('r/e/y f'));
});

t.test('a file that becomes what looks like a directory', needs('root'), async (t) => {
  const { to, target, request } = stage(t);
  mkdirSync(`${to}/there`);
  const warning = (source: string, destination: string) =>
    findFileAsDirectoryWarning(target, request(source, destination));
  t.match(warning('a.txt', '/app'), /write \/app\//);
  for (const [source, destination] of [
    ['a.txt', '/app/'],
    ['a.txt', '/there'],
    ['a.txt', '/app.txt'],
    ['a.txt', '/bin/a'],
    ['d/x', '/app'],
    ['d', '/app'],
    ['*.txt', '/app'],
  ] as const) {
    t.equal(warning(source, destination), undefined, `${source} ${destination}`);
  }
});

t.test('modes as chmod(1) has them', async (t) => {
  for (const [text, before, after] of [
    ['755', 0o100644, 0o755],
    ['0644', 0o100755, 0o644],
    ['4711', 0o100000, 0o4711],
    ['u+x', 0o100644, 0o744],
    ['+x', 0o100644, 0o755],
    ['go-rwx', 0o100755, 0o700],
    ['a=rX', 0o100644, 0o444],
    ['a=rX', 0o100744, 0o555],
    ['a=rX', 0o040700, 0o555],
    ['u=rwX,go=rX', 0o040000, 0o755],
    ['g=u', 0o100741, 0o771],
    ['u+s,g+s,+t', 0o100755, 0o7755],
    ['u-s', 0o104755, 0o755],
    ['u+x-w', 0o100600, 0o500],
    ['o=', 0o100777, 0o770],
  ] as const) {
    t.equal(parseMode(text)(before), after, `${text} of ${before.toString(8)}`);
  }
  for (const text of ['', '888', 'x', 'u', 'u+q', '77777', 'u+x,']) {
    t.throws(() => parseMode(text), { code: 'bad-mode' }, text);
  }
});
