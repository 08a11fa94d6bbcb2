/**
 * A tar that is cut off anywhere, or in which bytes have changed, is refused or unpacked; in no case does the reader
 * crash, or anything outside of the target change.
 */
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { UserError } from '../../src/base/user-error.ts';
import { FsError } from '../../src/base/fs-error.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch, type Scratch } from '../fixtures/mount.ts';
import { treeDifferences, type Tree } from '../fixtures/tree.ts';
import { buildTree, snapshot, tarOf, unpack, type TreeObject } from './fixtures/layers.ts';
import { rawTar } from './fixtures/raw-tar.ts';

const runs = Number(process.env.STRATA_TAR_RUNS ?? '40') * 10;
const small: readonly TreeObject[] = [
  { path: 'd', type: 'directory', xattrs: { 'trusted.overlay.opaque': Buffer.from('y') } },
  { path: 'd/f', type: 'file', content: Buffer.alloc(1500, 'f'), xattrs: { 'user.x': Buffer.from('value') } },
  { path: 'd/gone', type: 'char' },
  { path: 'h', type: 'link', target: 'd/f' },
  { path: 'l', type: 'symlink', target: '../victim' },
  { path: 'n'.repeat(150), type: 'file', content: Buffer.from('long') },
];
const sparse = rawTar(
  { name: 'long', type: 'L', content: `${'long/'.repeat(30)}name\0` },
  {
    name: 'x',
    content: Buffer.concat([Buffer.from('2\n0\n5\n4096\n6\n'.padEnd(512, '\0')), Buffer.from('helloworld!')]),
    pax: [
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.name', 's'],
      ['GNU.sparse.realsize', '5000'],
    ],
  },
  { name: 'l', type: '2', link: '../victim' },
  { name: 'l/file', content: 'x' },
);

class Victim {
  readonly scratch: Scratch;
  readonly #before: Tree;
  #counter = 0;

  constructor(t: Test) {
    this.scratch = makeScratch(t, { on: 'tmpfs' });
    buildTree(this.scratch.directory('victim'), [
      { path: 'file', type: 'file', content: Buffer.from('safe') },
    ]);
    this.#before = snapshot(`${this.scratch.path}/victim`);
  }

  /** How the reader took it; throws where it took it badly. */
  async take(bytes: Buffer): Promise<'refused' | 'unpacked'> {
    const target = this.scratch.directory(`targets/${String(++this.#counter)}`);
    const failure: unknown = await unpack(bytes, target).then(
      () => undefined,
      (error: unknown) => error,
    );
    const differing = treeDifferences(this.#before, snapshot(`${this.scratch.path}/victim`));
    if (differing.length > 0) throw new Error(differing.join('\n'));
    if (failure === undefined) return 'unpacked';
    // ENOSPC and the like: a size that damage has made large.
    if (failure instanceof UserError || failure instanceof FsError) return 'refused';
    throw new Error('the reader has crashed', { cause: failure });
  }
}

t.test('cut off at every block, and inside of each', needs('root'), async (t) => {
  const victim = new Victim(t);
  const tree = victim.scratch.directory('tree');
  buildTree(tree, small);
  for (const bytes of [(await tarOf(tree)).bytes, sparse]) {
    const counts = { refused: 0, unpacked: 0 };
    for (let length = 0; length < bytes.length - 1024; length += 256) {
      counts[await victim.take(bytes.subarray(0, length))] += 1;
    }
    t.ok(counts.refused > counts.unpacked, 'only between two entries can it end');
    t.ok(counts.unpacked > 2);
    t.equal(await victim.take(bytes), 'unpacked');
  }
});

t.test('random damage', needs('root'), async (t) => {
  const victim = new Victim(t);
  const tree = victim.scratch.directory('tree');
  buildTree(tree, small);
  const sources = [(await tarOf(tree)).bytes, sparse];
  const change = fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }), mend: fc.boolean() });
  const counts = { refused: 0, unpacked: 0 };
  const descriptors = readdirSync('/proc/self/fd').length;
  await fc.assert(
    fc.asyncProperty(fc.nat(1), fc.array(change, { minLength: 1, maxLength: 6 }), async (which, changes) => {
      const bytes = Buffer.from(sources[which]!);
      for (const { at, value, mend } of changes) {
        const place = at % bytes.length;
        bytes[place] = value;
        // With a right checksum the damage gets further.
        if (mend) mendChecksum(bytes, place - (place % 512));
      }
      counts[await victim.take(bytes)] += 1;
    }),
    { numRuns: runs },
  );
  t.ok(counts.refused > 0 && counts.unpacked > 0, JSON.stringify(counts));
  t.equal(readdirSync('/proc/self/fd').length, descriptors, 'no descriptor is left open');
});

function mendChecksum(bytes: Buffer, block: number): void {
  bytes.fill(0x20, block + 148, block + 156);
  const sum = bytes.subarray(block, block + 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, block + 148, 'latin1');
}
