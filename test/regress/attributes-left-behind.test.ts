/** COPY failed where the data root lies on a file system that cannot hold an attribute of the context (EOPNOTSUPP). */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { noRules } from '../../src/build/context/ignore-rules.ts';
import { SourceTree } from '../../src/build/context/source-tree.ts';
import { copyFiles } from '../../src/build/execute/copy-files.ts';
import { createFaultyFs } from '../../src/os/faulty-fs.ts';
import { InRoot, rootOwner } from '../../src/os/in-root.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

t.test('what cannot be held stays behind', needs('root', 'program:setfattr'), async (t) => {
  const scratch = makeScratch(t);
  const [from, to] = [scratch.directory('from'), scratch.directory('to')];
  writeFileSync(`${from}/file`, 'content');
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'x', `${from}/file`]);
  const faulty = createFaultyFs(new RealFs());
  const [tree, target] = [new SourceTree(faulty.fs, from), new InRoot(to)];
  t.teardown(() => {
    tree.close();
    target.close();
  });
  const copy = () =>
    copyFiles(faulty.fs, target, {
      sources: tree.find('file').map((found) => ({ tree, found })),
      destination: '/file',
      attributes: { owner: rootOwner, mode: undefined },
      exclude: noRules,
      signal: new AbortController().signal,
    });
  faulty.arm({ at: 1, with: 'EOPNOTSUPP', matches: (method) => method === 'setXattr' });
  await copy();
  t.ok(faulty.struck);
  t.equal(readFileSync(`${to}/file`, 'utf8'), 'content');
  faulty.arm({ at: 1, with: 'ENOSPC', matches: (method) => method === 'setXattr' });
  await t.rejects(copy(), { code: 'ENOSPC' });
});
