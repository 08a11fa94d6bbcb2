/**
 * Copy-on-write over a lower tree of many small files: changing the data of all, changing only their
 * attributes, removing them, moving them. Which of these copy data up says `durability`: whether a copy
 * is synced before it replaces the lower file takes most of their time on a disk.
 */
import { join } from 'node:path';
import { run, timeCommand, timePerl } from '../child.ts';
import type { Fixtures } from '../fixture.ts';
import type { Trial, Workload } from '../workload.ts';
import { countEntries, layerNames } from './entries.ts';
import { expectSame } from './expect.ts';

const tree = {
  group: 'copy-on-write',
  unit: 'ms',
  storage: 'disk',
  lowers: (fixtures: Fixtures) => fixtures.manyFiles(),
  beforeMount: (fixtures: Fixtures) => {
    for (const layer of fixtures.manyFiles()) run(['find', layer, '-size', '+1000G']);
  },
} as const;

/** Appends to each file of the list on its standard input, then looks at all their sizes. */
const appendByte = `
my ($root) = @ARGV; local $/ = "\\0"; chomp(my @names = <STDIN>);
my @sizes = map { -s "$root/$_" // die "no $_\\n" } @names;
my $took = stopwatch {
  for my $name (@names) {
    open my $f, '>>', "$root/$name" or die "$name: $!";
    syswrite($f, 'x') == 1 or die "$!"; close $f or die "$!";
  }
};
for my $at (0 .. $#names) { -s "$root/$names[$at]" == $sizes[$at] + 1 or die "$names[$at] did not grow\\n" }
print $took;
`;

function append(count: number): (trial: Trial) => number {
  return ({ root, stack, fixtures }) => {
    const files = run(['find', stack.lowers[0] ?? '', '-type', 'f', '-printf', '%P\\0']).split('\0');
    const chosen = files.slice(0, -1).sort().slice(0, fixtures.scaled(count));
    expectSame('files', chosen.length, fixtures.scaled(count));
    return timePerl(appendByte, [root], { input: chosen.join('\0') });
  };
}

/** Changes an attribute of the whole tree; `tests` are find(1)'s for an entry that has it. */
function change(command: readonly string[], tests: readonly string[]): (trial: Trial) => number {
  return ({ root, stack }) => {
    const top = join(root, 'usr');
    const took = timeCommand([...command, top]);
    expectSame('changed', countEntries(root, tests), layerNames(stack.lowers).length);
    return took;
  };
}

function remove({ root, stack }: Trial): number {
  run(['test', '-d', join(root, 'usr')]);
  const took = timeCommand(['rm', '-rf', join(root, 'usr')]);
  expectSame('left', countEntries(root), 0);
  if (layerNames(stack.lowers).length === 0) throw new Error('the lower layer has been emptied');
  return took;
}

/** The directories that hold the files move to a new one; where rename(2) says EXDEV, mv copies. */
function move({ root, fixtures }: Trial): number {
  const target = join(root, 'target');
  run(['mkdir', target]);
  const directories = Array.from({ length: fixtures.scaled(movedDirectories) }, (_, i) =>
    join(root, String(i % 30), String(i)),
  );
  const took = timeCommand(['mv', '-t', target, ...directories]);
  expectSame('moved', countEntries(target, ['-type', 'f']), directories.length * 99);
  run(['sh', '-c', 'for name; do test ! -e "$name" || exit 1; done', 'sh', ...directories]);
  return took;
}

const movedDirectories = 500;

export const lowerTreeWorkloads: readonly Workload[] = [
  { ...tree, name: 'append-3000', durability: 'default', run: append(3_000), thresholds: [] },
  { ...tree, name: 'append-3000-volatile', durability: 'volatile', run: append(3_000), thresholds: [] },
  {
    ...tree,
    name: 'append-500-volatile',
    durability: 'volatile',
    quick: true,
    run: append(500),
    thresholds: [],
  },
  { ...tree, name: 'chmod-tree', run: change(['chmod', '-R', '0751'], ['-perm', '0751']), thresholds: [] },
  {
    ...tree,
    name: 'chown-tree',
    run: change(['chown', '-R', '12345:12345'], ['-uid', '12345', '-gid', '12345']),
    thresholds: [],
  },
  {
    ...tree,
    name: 'remove-lower',
    quick: true,
    run: remove,
    thresholds: [
      { timesAsFast: 5, peer: 'fuse-overlayfs' },
      { within: 2.5, peer: 'overlay' },
    ],
  },
  {
    ...tree,
    name: 'rename-lower',
    lowers: (fixtures) => fixtures.hugeTree(),
    beforeMount: (fixtures) => {
      for (const layer of fixtures.hugeTree()) run(['find', layer, '-size', '+1000G']);
    },
    run: move,
    thresholds: [],
  },
];
