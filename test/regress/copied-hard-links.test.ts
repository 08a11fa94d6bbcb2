/**
 * COPY of files with several names from several sources. A later name was linked to whatever lay where the first one had been copied
 * to, another source's file; a second name that came to the very place of the first made the step fail (ENOENT).
 * Names were told by inode numbers rounded to 53 bits.
 */
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { noRules } from '../../src/build/context/ignore-rules.ts';
import { SourceTree } from '../../src/build/context/source-tree.ts';
import { copyFiles } from '../../src/build/execute/copy-files.ts';
import type { Fd } from '../../src/base/ids.ts';
import { st, type HostFs } from '../../src/os/host-fs.ts';
import { InRoot, rootOwner } from '../../src/os/in-root.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { FirstNames } from '../../src/run/copy-object.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

for (const on of ['disk', 'tmpfs'] as const) {
  t.test(`sources that overwrite each other, on a ${on}`, needs('root'), async (t) => {
    const scratch = makeScratch(t, { on });
    const [from, to] = [scratch.directory('from'), scratch.directory('to')];
    const script =
      'mkdir d1 d2 d3 e1 e2 l1 l2; echo one >d1/x; echo two >d2/x; ln d1/x d3/z; echo s >e1/f; ln e1/f e2/f; echo t >l1/a; ln l1/a l2/b';
    execFileSync('sh', ['-ec', script], { cwd: from });
    const fs = new RealFs();
    const [tree, target] = [new SourceTree(fs, from), new InRoot(to)];
    t.teardown(() => {
      tree.close();
      target.close();
    });
    const copy = (pattern: string, destination: string) =>
      copyFiles(fs, target, {
        sources: tree.find(pattern).map((found) => ({ tree, found })),
        destination,
        attributes: { owner: rootOwner, mode: undefined },
        exclude: noRules,
        signal: new AbortController().signal,
      });
    await copy('d*', '/d/');
    t.equal(readFileSync(`${to}/d/x`, 'utf8'), 'two\n');
    t.equal(readFileSync(`${to}/d/z`, 'utf8'), 'one\n');
    await copy('e*', '/e/');
    t.equal(readFileSync(`${to}/e/f`, 'utf8'), 's\n');
    await copy('l*', '/l/');
    t.equal(lstatSync(`${to}/l/a`).ino, lstatSync(`${to}/l/b`).ino, 'what stays where it is is linked');
  });
}

t.test('inode numbers that differ in their lowest bit', async (t) => {
  const stat = new Float64Array(32);
  const fs = {
    stat,
    findStatx: (source: Fd, _name: unknown, block: Buffer) => {
      const ino = 2n ** 60n + BigInt(source);
      stat[st.ino] = Number(ino);
      block.writeBigUInt64LE(ino);
      return true;
    },
  } as unknown as HostFs;
  const names = new FirstNames<string>(fs);
  const facts = new Float64Array(32);
  facts[st.nlink] = 2;
  names.keep(4 as Fd, facts, asName('four'));
  t.equal(names.find(5 as Fd, facts), undefined);
  t.equal(names.find(4 as Fd, facts), 'four');
});
