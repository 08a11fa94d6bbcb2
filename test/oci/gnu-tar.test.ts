/** GNU tar reads what we write, and we read what GNU tar writes, in each of its formats. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { buildTree, differences, tarOf, unpack, type TreeObject } from './fixtures/layers.ts';
import { gnuPack, gnuUnpack, type GnuFormat } from './fixtures/programs.ts';
import { acl, longSample, plainSample, sample, ustarSample } from './fixtures/sample.ts';

const needed = needs('root', 'program:tar');
const holds: Readonly<Record<GnuFormat, readonly TreeObject[]>> = {
  v7: plainSample,
  ustar: ustarSample,
  oldgnu: longSample.filter(({ mtime = 0 }) => mtime >= 0),
  gnu: longSample,
  posix: sample,
};
/** Many runs of data: the old map goes on in blocks of its own, the others are longer than one block. */
const manyRuns: TreeObject = { path: 'runs', type: 'file', content: runs() };

function runs(): Buffer {
  const content = Buffer.alloc(6 << 20);
  for (let run = 0; run < 90; run += 1) content.fill('data', run * 65_536, run * 65_536 + 4096);
  return content;
}

for (const format of Object.keys(holds) as GnuFormat[]) {
  const maps = format === 'posix' ? ['0.0', '0.1', '1.0'] : ['1.0'];
  const sparse = format === 'v7' || format === 'ustar' ? [] : maps;
  const ways = [[], ...sparse.map((map) => ['--sparse', `--sparse-version=${map}`])];
  for (const way of ways) {
    t.test(`reads ${format} ${way.join(' ')}`, needed, async (t) => {
      const scratch = makeScratch(t);
      const tree = scratch.directory('tree');
      if (way.length > 0) {
        // Our reader makes the holes.
        buildTree(scratch.directory('dense'), [manyRuns]);
        await unpack((await tarOf(`${scratch.path}/dense`)).bytes, tree);
      }
      buildTree(tree, holds[format]);
      const archive = `${scratch.path}/tar`;
      const attributes = format === 'posix' ? ['--xattrs', '--xattrs-include=*'] : [];
      await gnuPack(format, tree, archive, ...attributes, ...way);
      const bytes = readFileSync(archive);
      const back = scratch.directory('back');
      const result = await unpack(bytes, back, {}, 10_007);
      t.same(differences(tree, back), []);
      if (way.length > 0) t.ok(bytes.length < result.size / 2, 'the archive has holes');
      t.equal(result.tarSize, bytes.length, 'to the end, with the padding of its records');
      t.match((await tarOf(back)).result, { size: result.size, entries: result.entries });
    });
  }
}

t.test(
  'reads access control lists of GNU tar',
  needs('root', 'program:tar', 'program:setfacl'),
  async (t) => {
    const scratch = makeScratch(t);
    const tree = scratch.directory('tree');
    buildTree(tree, [
      { path: 'file', type: 'file', content: Buffer.from('x') },
      { path: 'directory', type: 'directory' },
    ]);
    const set = (...args: string[]): Buffer => execFileSync('setfacl', args, { cwd: tree });
    set('-m', 'u:daemon:rwx,g:77:r--,m::r-x', 'file');
    set('-m', 'u:1234:-wx,d:u:1234:rwx,d:g::---', 'directory');
    const archive = `${scratch.path}/tar`;
    await gnuPack('posix', tree, archive, '--acls');
    const bytes = readFileSync(archive);
    t.notOk(bytes.includes('SCHILY.xattr.'), 'they are text');
    const findId = (kind: string, name: string): number | undefined =>
      kind === 'user' && name === 'daemon' ? 1 : undefined;
    const back = scratch.directory('back');
    await unpack(bytes, back, { findId });
    t.same(differences(tree, back), []);
    const unknown = unpack(bytes, scratch.directory('unknown'), { findId: () => undefined });
    await t.rejects(unknown, { code: 'bad-layer', message: /SCHILY\.acl\.access .* not known here/ });
    // Layers have other users.
    await t.resolves(unpack(bytes, scratch.directory('layer')));
  },
);

t.test('GNU tar reads what we write', needed, async (t) => {
  const scratch = makeScratch(t);
  const tree = scratch.directory('tree');
  buildTree(tree, [
    ...sample,
    { path: 'acl', type: 'directory', xattrs: { 'system.posix_acl_default': acl } },
    { path: 'acl/f', type: 'file', mode: 0o750, xattrs: { 'system.posix_acl_access': acl } },
  ]);
  const archive = `${scratch.path}/tar`;
  writeFileSync(archive, (await tarOf(tree)).bytes);
  const back = scratch.directory('back');
  await gnuUnpack(archive, back);
  t.same(differences(tree, back), []);
});
