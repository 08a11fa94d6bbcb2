/**
 * A file of an image with several names: where a container removed one of them, `diff` named the others as changed, and a
 * commit had all its data in the new layer, since a settled upper keeps link counts. A layer does not.
 */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { makeStrata } from '../cli/fixtures/strata.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeSmallRoot } from '../run/fixtures/small-root.ts';

const needed = needs(...mountNeeds, 'overlayfs', 'program:runc', 'program:conmon');

/** What is done in the container, and what then differs. */
const cases = {
  'rm /a': ['D /a'],
  'rm /a /b': ['D /a', 'D /b'],
  'rm /a /link-a': ['D /a', 'D /link-a'],
  'chmod 600 /a; rm /a': ['D /a', 'C /b', 'C /c'],
  'echo new > /a; rm /a': ['D /a', 'C /b', 'C /c'],
  'chown 7 /a; chown 0 /a; touch -d @9 /a; rm /a': ['D /a', 'C /b', 'C /c'],
  'mv /a /d': ['D /a', 'C /b', 'C /c', 'A /d'],
} as const;

/** The driver that has little to do with it gets the two that differ most. */
const scripts = { strata: Object.keys(cases), overlay2: ['rm /a', 'chmod 600 /a; rm /a'] } as const;

for (const driver of ['strata', 'overlay2'] as const) {
  t.test(driver, needed, (t) => {
    const { get, run } = makeStrata(t, (path) => {
      makeSmallRoot(path);
      execFileSync('sh', ['-c', 'echo old > a; ln a b; ln a c; ln -s x link-a; ln link-a link-b'], {
        cwd: path,
      });
      return path;
    });
    for (const script of scripts[driver]) {
      const expected = cases[script as keyof typeof cases];
      const on = ['--driver', driver];
      t.equal(run(...on, 'run', '--name', 'links', 'base', 'sh', '-c', script).status, 0, script);
      const differences = get(...on, 'diff', 'links').split('\n');
      t.strictSame(differences.toSorted(byPath), expected.toSorted(byPath), script);
      get(...on, 'commit', 'links', 'left');
      const shown = get(...on, 'run', '--rm', 'left', 'sh', '-c', 'cat /c');
      t.equal(shown, script.startsWith('echo') ? 'new' : 'old', script);
      get(...on, 'rm', 'links');
      get(...on, 'rmi', 'left');
    }
    t.end();
  });
}

function byPath(one: string, other: string): number {
  return one.slice(2) < other.slice(2) ? -1 : 1;
}
