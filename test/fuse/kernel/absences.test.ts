import t from 'tap';
import type { NodeId } from '../../../src/base/ids.ts';
import { asName } from '../../../src/base/name.ts';
import { Absences } from '../../../src/fuse/kernel/absences.ts';
import type { FileSystem } from '../../../src/vfs/file-system.ts';

const label = asName('security.selinux');
const capability = asName('security.capability');

/** Over a file system where `dressed` have attributes. */
function setUp(dressed: readonly number[] = []): {
  absences: Absences;
  bare: Float64Array;
  looked: () => number;
} {
  let looked = 0;
  const fs = {
    hasNoXattrs: (node: NodeId) => {
      looked += 1;
      return !dressed.includes(node);
    },
  } as FileSystem;
  const bare = new Float64Array(4096);
  return { absences: new Absences(fs, bare), bare, looked: () => looked };
}

t.test('what was asked for in vain', (t) => {
  const { absences, bare, looked } = setUp([6]);
  for (const node of [5, 6, 4096 + 7]) absences.note(node as NodeId, label);
  t.strictSame([...bare.subarray(5, 8)], [5, 0, 4096 + 7]);
  absences.note(8 as NodeId);
  t.equal(bare[8], 8, 'also for a list');
  absences.note(9 as NodeId, capability);
  t.equal(bare[9], -9, 'of one that is asked for its capability nothing else is known');
  t.equal(looked(), 4);
  absences.note(5 as NodeId, capability);
  absences.made(5 as NodeId);
  absences.made(10 as NodeId);
  t.equal(bare[10], -10);
  t.equal(bare[5], 5, 'what has nothing has no capability either');
  absences.end(5 as NodeId);
  absences.end(9 as NodeId);
  t.strictSame([bare[5], bare[9]], [0, 0]);
  t.end();
});

t.test('where nobody has asked, it may be an error to ask', (t) => {
  const { absences, bare } = setUp();
  absences.made(5 as NodeId);
  t.equal(bare[5], 0);
  t.end();
});

t.test('what is listed is looked at while clients ask', (t) => {
  const { absences, bare, looked } = setUp([102]);
  absences.listed(100 as NodeId);
  t.equal(looked(), 0, 'nobody has asked');
  absences.note(1 as NodeId, capability);
  for (let node = 101; node <= 200; node++) absences.listed(node as NodeId);
  t.equal(looked(), 32, 'no more than is worth it');
  t.strictSame([...bare.subarray(101, 104)], [101, 0, 103]);
  for (let node = 300; node < 400; node++) absences.note(node as NodeId, capability);
  for (let node = 1000; node < 3000; node++) absences.listed(node as NodeId);
  t.equal(looked(), 32 + 1024, 'nor for ever');
  t.end();
});
