import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { createToolFs } from '../../src/store/tool-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { snapshotTree, treeDifferences, type Tree } from '../fixtures/tree.ts';
import { until } from './fixtures/program.ts';
import { containerNeeds, makeStrata } from './fixtures/strata.ts';

/** Renamed, owned by others, written and given back its time, replaced, deleted, linked: what a mount keeps in its own way. */
const script = `
  mv /tree /moved; chown 1:2 /owned; echo after > /kept; touch -r /bin/true /kept
  rm -r /replaced; mkdir /replaced; echo x > /replaced/new; rm /gone; echo two >> /one
  while :; do echo x >> /a; echo x >> /b; done
`;

t.test('commit of a container that runs', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { run, get } = strata;
  const status = (): string =>
    (JSON.parse(get('inspect', 'busy')) as { State: { Status: string } }[])[0]?.State.Status ?? '';
  const fill = `mkdir -p /tree/in /replaced/old; for f in tree/in/f owned one gone; do echo $f > /$f; done
    echo before > /kept; echo befor > /same; ln /one /two; touch -r /bin/true /kept`;
  get('run', '--name', 'filler', 'base', 'sh', '-c', fill);
  get('commit', 'filler', 'filled');
  get('run', '-d', '--name', 'busy', 'filled', 'sh', '-c', script);
  const [facts] = JSON.parse(get('inspect', 'busy')) as { State: { Pid: number } }[];
  const root = `/proc/${String(facts?.State.Pid)}/root`;
  const counter = (): number => textOf(`${root}/b`).length;
  await until(() => counter() > 10, 'it counts');

  await t.test('holds it still meanwhile, and it goes on', async (t) => {
    get('commit', '-c', 'CMD ["cat", "/a"]', '-c', 'LABEL k=v', 'busy', 'busy:1');
    t.equal(status(), 'running');
    const [a = '', b = ''] = ['/a', '/b'].map((file) => get('run', '--rm', 'busy:1', 'cat', file));
    t.ok(
      b.length > 10 &&
        (a === b ||
          a ===
            `${b}
x`),
      'both files are of one moment',
    );
    t.equal(get('run', '--rm', 'busy:1'), a, 'the configuration is changed');
    const seen = counter();
    await until(() => counter() > seen, 'it counts on');
    t.match(run('commit', '-c', 'RUN true', 'busy'), { status: 1, stderr: /not a valid change/ });
  });

  await t.test('the layer is what the container sees', async (t) => {
    get('pause', 'busy');
    get('commit', 'busy', 'busy:2');
    t.equal(status(), 'paused', 'one that was paused before stays so');
    const place = strata.scratch.directory('place');
    get('mount', 'busy', place);
    const expected = treeAt(place);
    get('umount', place);
    get('mount', 'busy:2', place);
    // A layer tar has whole seconds.
    const seconds = (tree: Tree): Tree =>
      new Map(
        [...tree].map(([path, record]) => [path, { ...record, mtime: record.mtime.split('.')[0] ?? '' }]),
      );
    t.strictSame(treeDifferences(seconds(expected), seconds(treeAt(place))), []);
    t.equal(readFileSync(`${place}/kept`, 'utf8'), 'after\n');
    get('umount', place);
  });

  await t.test('what a killed commit has held is let go by the next command', async (t) => {
    const { runRoot } = JSON.parse(get('info', '--json')) as { runRoot: string };
    const id = get('ps', '-q', '--no-trunc');
    writeFileSync(`${runRoot}/bundles/${id}/held`, '');
    t.equal(status(), 'running');
    const seen = counter();
    await until(() => counter() > seen, 'it counts on');
  });
  get('rm', '-f', 'busy');
});

/** Without what the init layer has. */
function treeAt(path: string): Tree {
  return snapshotTree(createToolFs(), path, { without: ['.dockerenv', 'dev', 'etc'] });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
