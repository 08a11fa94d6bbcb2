/**
 * Upper and work that are bind-mounted one by one, as two volumes of a container are: what the upper held did not
 * show, and what was written went into the directory below its mount, where nobody found it again.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLog } from '../../src/base/log.ts';
import { asName } from '../../src/base/name.ts';
import { findDetachedClone } from '../../src/os/mount.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { openUnion } from '../../src/union/open-union.ts';
import { runProgram } from '../cli/fixtures/program.ts';
import { makeScratch, unionOptions, type Scratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

interface Place {
  readonly scratch: Scratch;
  readonly lower: string;
  /** Holds `upper`, with the file `mine`, and `work`. */
  readonly data: string;
  /** Holds empty directories of the same names. */
  readonly there: string;
}

function makePlace(test: Test): Place {
  const scratch = makeScratch(test);
  const [lower, data, there] = ['lower', 'data', 'there'].map((name) => scratch.directory(name)) as [
    string,
    string,
    string,
  ];
  for (const name of ['data/upper', 'data/work', 'there/upper', 'there/work']) scratch.directory(name);
  writeFileSync(join(data, 'upper/mine'), '');
  return { scratch, lower, data, there };
}

function bind(test: Test, source: string, target: string): void {
  execFileSync('mount', ['--bind', source, target]);
  test.teardown(() => execFileSync('umount', ['-l', target]));
}

/** The two of `directory` as a mount is given them. */
function writable(directory: string): { readonly upper: string; readonly work: string } {
  return { upper: join(directory, 'upper'), work: join(directory, 'work') };
}

t.test('they are refused, as by the kernel', needs(...mountNeeds, 'overlayfs'), async (test) => {
  const { scratch, lower, data, there } = makePlace(test);
  const union = { lower: [lower], ...writable(there) };
  bind(test, join(data, 'upper'), union.upper);
  await test.rejects(scratch.mount(union), /are on different mounts/, 'one of them');
  bind(test, join(data, 'work'), union.work);
  await test.rejects(scratch.mount(union), /are on different mounts/, 'both');
  await test.rejects(scratch.kernelOverlay(union));
  const settled = await runProgram(['--settle', '-o', unionOptions(union)]);
  test.match(settled, { code: 1, stderr: /are on different mounts/ });
  test.strictSame(readdirSync(union.upper), ['mine'], 'nothing was touched');
});

t.test('a mount that holds both is as good as none', needs(...mountNeeds), async (test) => {
  const { scratch, lower, data, there } = makePlace(test);
  const union = { lower: [lower], ...writable(there) };
  bind(test, data, there);
  const mounted = await scratch.mount(union);
  test.strictSame(readdirSync(mounted.path), ['mine']);
  writeFileSync(join(mounted.path, 'new'), 'written');
  test.equal((await mounted.end()).code, 0);
  test.equal(readFileSync(join(data, 'upper/new'), 'utf8'), 'written');
});

t.test('the engine looks for itself, since a mount may come meanwhile', needs('root'), (test) => {
  const { lower, data, there } = makePlace(test);
  const upper = { dir: asName(join(there, 'upper')), work: asName(join(there, 'work')) };
  const open = () =>
    openUnion(
      { lowers: [asName(lower)], dataLayers: [], upper },
      {
        fs: new RealFs(),
        log: silentLog,
        features: {
          userxattr: false,
          metacopy: false,
          redirectDir: 'nofollow',
          index: false,
          sync: false,
          volatile: false,
          aufs: false,
        },
        clone: (path, readOnly) => findDetachedClone(path, { readOnly }),
      },
    );
  bind(test, join(data, 'upper'), upper.dir);
  test.throws(open, { code: 'different-mounts' });
  test.end();
});
