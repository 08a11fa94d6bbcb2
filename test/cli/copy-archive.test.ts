/** `strata cp` from and to archives, with GNU tar at the other end. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { readMounts } from '../../src/os/mountinfo.ts';
import { needs } from '../fixtures/needs.ts';
import { buildTree, differences } from '../oci/fixtures/layers.ts';
import { rawTar } from '../oci/fixtures/raw-tar.ts';
import { sample } from '../oci/fixtures/sample.ts';
import { containerNeeds, makeStrata, programPath, type Ran } from './fixtures/strata.ts';

/** What is for the administrator of one machine is not copied. */
const wanted = sample.map(({ xattrs = {}, ...object }) => ({
  ...object,
  xattrs: Object.fromEntries(Object.entries(xattrs).filter(([name]) => !name.startsWith('trusted.'))),
}));

t.test('archives', needs(...containerNeeds, 'program:tar'), async (t) => {
  const strata = makeStrata(t);
  const { get, scratch } = strata;
  /** A line for a shell in which `strata` is the program. */
  const shell = (script: string, input: Buffer | string = ''): Ran =>
    spawnSync('bash', ['-c', `set -o pipefail; strata() { "$STRATA" "$@"; }; ${script}`], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C', STRATA: programPath, STRATA_ROOT: strata.root },
      input,
      cwd: scratch.path,
    });
  const done = (script: string): string => {
    const { status, stdout, stderr } = shell(script);
    if (status !== 0) throw new Error(`${script}: ${String(status)}: ${stderr}`);
    return stdout;
  };
  const mountsHere = (): number =>
    readMounts().filter(({ mountPoint }) => mountPoint.startsWith(strata.root)).length;
  const unpack = '--xattrs --xattrs-include=* --numeric-owner -xp';
  const tree = scratch.directory('tree');
  /** But for the tops: a directory that a tar goes to stays as it is. */
  const apart = (other: string): string[] =>
    differences(tree, other).filter((text) => !text.startsWith('.: '));
  buildTree(tree, wanted);
  get('create', '--name', 'still', '-v', 'kept:/kept', 'base', 'true');
  get('run', '-d', '--name', 'runs', '-v', 'kept:/kept', 'base', 'sleep', '1000');
  mkdirSync(`${scratch.path}/empty`);

  for (const name of ['still', 'runs'])
    await t.test(`a tree goes into one that ${name} and comes back`, (t) => {
      get('cp', 'empty', `${name}:/in`);
      done(`tar -C tree --xattrs --xattrs-include=* --format=posix --sparse -c . | strata cp - ${name}:/in`);
      const [whole, content] = [scratch.directory(`whole-${name}`), scratch.directory(`content-${name}`)];
      done(`strata cp -q ${name}:/in - | tar -C ${whole} ${unpack}`);
      t.same(apart(`${whole}/in`), []);
      done(`strata cp ${name}:/in/. - | tar -C ${content} ${unpack}`);
      t.same(apart(content), []);
      const sum = (): string => done(`strata cp ${name}:/in - | sha256sum`);
      t.equal(sum(), sum(), 'always the same bytes');
      done(`strata cp ${name}:/in/. - | gzip | strata cp - ${name}:/kept`);
      const other = scratch.directory(`kept-${name}`);
      done(`strata cp ${name}:/kept/. - | tar -C ${other} ${unpack}`);
      t.same(apart(other), [], 'through a pipe into its own volume');
      t.end();
    });

  await t.test('names of entries', (t) => {
    const names = (from: string): string => done(`strata cp ${from} - | tar -t`);
    symlinkSync('d', `${scratch.path}/l`);
    mkdirSync(`${scratch.path}/d/e`, { recursive: true });
    writeFileSync(`${scratch.path}/d/f`, 'f');
    for (const name of ['still', 'runs']) {
      get('cp', 'd', `${name}:/`);
      get('cp', 'l', `${name}:/`);
      t.equal(names(`${name}:/d/f`), 'f\n');
      t.equal(names(`${name}:d`), 'd/\nd/e/\nd/f\n');
      t.equal(names(`${name}:/d/`), 'd/\nd/e/\nd/f\n');
      t.equal(names(`${name}:/d/.`), './\ne/\nf\n');
      t.match(done(`strata cp ${name}:/l - | tar -tv`), /^l.* l -> d\n$/);
      t.equal(names(`-L ${name}:/l`), 'l/\nl/e/\nl/f\n');
      t.equal(names(`${name}:/kept/bin`), 'bin/\nbin/sh\nbin/su\nbin/zz\n');
      t.match(names(`${name}:/kept`), /^kept\/\n/, 'a volume has the name of its place');
      t.match(names(`${name}:/`), /^\.\/\n[^]*\nproc\/\nsys\/\n/, 'and not what the kernel tells of itself');
      t.match(shell(`strata cp ${name}:/absent -`), {
        status: 1,
        stdout: '',
        stderr: /there is no \/absent/,
      });
    }
    get('cp', '-L', 'still:/l/f', `${scratch.path}/followed`);
    t.equal(readFileSync(`${scratch.path}/followed`, 'utf8'), 'f', 'also without an archive');
    get('cp', 'still:/kept', scratch.directory('there'));
    t.ok(existsSync(`${scratch.path}/there/kept/bin/su`), 'nor there');
    get('cp', 'runs:/', scratch.directory('whole'));
    t.ok(existsSync(`${scratch.path}/whole/d/f`), 'a whole root');
    for (const name of ['proc', 'sys']) t.same(readdirSync(`${scratch.path}/whole/${name}`), [], `/${name}`);
    t.end();
  });

  await t.test('what a tar does not say stays', (t) => {
    const before = done('strata cp still:/etc/. - | tar -tv ./');
    done('strata cp still:/in - >in.tar');
    done('mkdir -p etc bin lnk/sub; echo new >etc/new; echo x >lnk/sub/x; ln -sf d here');
    get('cp', 'here', 'still:/lnk');
    done('tar -c etc/new lnk/sub/x --owner=7 --group=8 | strata cp - still:/');
    const changed = done('strata cp still:/etc/. - | tar -tv ./');
    t.equal(changed.split(' ')[0], before.split(' ')[0]);
    t.match(changed, /^drwx.* (root\/root|0\/0) /, 'a directory that has no entry stays as it is');
    t.match(
      done('strata cp still:/etc/new - | tar -tv --numeric-owner'),
      / 7\/8 /,
      'owners are those of the tar',
    );
    t.match(
      done('strata cp still:/d/sub - | tar -tv'),
      /^drwxr-xr-x [^]* d?sub\/x\n$/,
      'through a link of the container',
    );
    t.match(shell('tar -c etc lnk | strata cp - still:/'), {
      status: 1,
      stderr: /is there and is no directory/,
    });
    t.end();
  });

  await t.test('what is no tar, or a hostile one', (t) => {
    const outside = scratch.directory('outside');
    writeFileSync(`${outside}/g`, 'kept');
    const was = (): string => done('strata cp still:/d - | sha256sum');
    const before = was();
    const into = (bytes: Buffer, to = 'still:/d'): Ran => shell(`strata cp - ${to}`, bytes);
    const file = { name: 'planted', content: Buffer.from('x') };
    const bad = (title: string, bytes: Buffer, stderr: RegExp): void => {
      t.match(into(bytes), { status: 1, stderr }, title);
      t.equal(was(), before, `${title}: nothing has changed`);
    };
    bad('nothing', Buffer.alloc(0), /there is nothing where a tar was wanted.*tar -c/);
    bad('garbage', Buffer.alloc(2000, 'x'), /the tar is bad/);
    bad(
      'an end in the content',
      readFileSync(`${scratch.path}/in.tar`).subarray(0, 2_000_000),
      /ends in the middle/,
    );
    bad('an end in a header', rawTar(file, file).subarray(0, 1300), /ends in the middle of a header/);
    bad('..', rawTar(file, { ...file, name: '../planted' }), /leads out with \.\./);
    bad(
      'a link to what is not there',
      rawTar(file, { name: 'h', type: '1', link: '/etc/passwd' }),
      /hard link/,
    );
    bad('a whiteout on a disk', rawTar(file, { name: 'w', type: '3' }), /0\/0/);
    t.match(into(rawTar(file), 'still:/absent'), { status: 1, stderr: /there is no \/absent/ });
    t.match(into(rawTar(file), 'still:/etc/passwd'), { status: 1, stderr: /no directory/ });
    t.match(into(rawTar(file), 'still:/l/f'), { status: 1, stderr: /no directory/ });

    get('cp', 'empty', 'still:/hostile');
    const out = { name: 'out', type: '2', link: outside };
    t.equal(into(rawTar(out, { ...file, name: 'out/g' }), 'still:/hostile').status, 0);
    done(`ln -sfn ${outside} away; strata cp away still:/hostile`);
    t.match(into(rawTar({ ...file, name: 'away/g' }), 'still:/hostile'), {
      status: 1,
      stderr: /is there and is no directory/,
    });
    t.equal(into(rawTar({ ...file, name: '/absolute' }), 'still:/hostile').status, 0);
    t.equal(readFileSync(`${outside}/g`, 'utf8'), 'kept');
    t.notOk(existsSync(`${scratch.path}/planted`));
    t.match(done('strata cp still:/hostile - | tar -t'), /absolute\n/);
    const marks = ['.wh.f', '.wh..wh..opq', 'f'].map((name) => ({ ...file, name }));
    t.match(
      into(rawTar(...marks), 'still:/hostile'),
      { status: 1, stderr: /EINVAL/ },
      'the union has no such names',
    );
    t.equal(into(rawTar(...marks), 'still:/kept').status, 0);
    t.match(
      done('strata cp still:/kept - | tar -t'),
      /\nkept\/\.wh\.\.wh\.\.opq\nkept\/\.wh\.f\n[^]*kept\/f\n/,
    );
    t.end();
  });

  await t.test('readers that go, and terminals', (t) => {
    t.match(shell('strata cp still:/in - | head -c 100 | wc -c'), { status: 0, stdout: '100\n' });
    t.match(shell('script -qec "$STRATA cp - still:/d" /dev/null'), { stdout: /a terminal is no tar/ });
    t.match(shell('script -qec "$STRATA cp still:/d -" /dev/null'), { stdout: /nothing for a terminal/ });
    get('rm', '-f', 'runs');
    t.equal(mountsHere(), 0, 'nothing stays mounted');
    t.equal(execFileSync('find', [strata.root, '-name', 'work-*'], { encoding: 'utf8' }), '');
    t.end();
  });
});
