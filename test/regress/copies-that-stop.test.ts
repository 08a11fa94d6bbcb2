/**
 * A copy of a tree that met something in its way, far inside, had copied what came before. It is looked for before anything is changed.
 */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import type { Fd } from '../../src/base/ids.ts';
import { asName } from '../../src/base/name.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from '../../src/os/constants.ts';
import { copyContent, copyTree } from '../../src/run/copy-tree.ts';
import { createToolFs, withDirectories } from '../../src/store/tool-fs.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

const scripts = {
  'not-a-directory': 'mkdir from/d/x; ln -s nowhere to/d/x',
  'is-a-directory': 'touch from/d/x; mkdir to/d/x',
  'mounted-over': 'touch from/d/x to/d/x mounted; mount --bind mounted to/d/x',
};

for (const [code, script] of Object.entries(scripts))
  t.test(code, needs('root'), async (t) => {
    const { path } = makeScratch(t);
    const shell = (text: string): string =>
      execFileSync('bash', ['-euc', text], { cwd: path, encoding: 'utf8' });
    shell(`mkdir -p from/d/free to/d; touch from/{1..9} from/d/free/{1..9}; ${script}`);
    const before = shell('find to | sort');
    const fs = createToolFs();
    try {
      await withDirectories(fs, [`${path}/from`, `${path}/to`], ([from, to]) =>
        t.rejects(copyContent(fs, from as Fd, to as Fd), { code }),
      );
      const parent = fs.openat(AT_FDCWD as Fd, asName(path), O_RDONLY | O_DIRECTORY, 0);
      const place = (name: string) => ({ directory: parent, name: asName(name) });
      await t.rejects(copyTree(fs, place('from'), place('to')), { code });
      fs.close(parent);
      t.equal(shell('find to | sort'), before);
    } finally {
      if (code === 'mounted-over') shell('umount to/d/x');
    }
  });
