/** Maps of ids as clients of fuse-overlayfs pass them, and what is wrong with those that mean nothing. */
import t from 'tap';
import { findId, parseIdMapping } from '../../src/cli/id-mapping.ts';
import { addOptions, noOptions } from '../../src/cli/mount-options.ts';

const podmans = [{ disk: 0, shown: 100000, length: 65536 }];
const taken: readonly [text: string, ranges: ReturnType<typeof parseIdMapping>][] = [
  ['', []],
  [':', []],
  ['0:100000:65536', podmans],
  [':0:100000:65536', podmans],
  ['0:100000:65536:', podmans],
  ['5:5:4294967290', [{ disk: 5, shown: 5, length: 4294967290 }]],
  [
    // podman --userns=keep-id
    ':0:1:1001:1001:0:1:1002:1002:64535',
    [
      { disk: 0, shown: 1, length: 1001 },
      { disk: 1001, shown: 0, length: 1 },
      { disk: 1002, shown: 1002, length: 64535 },
    ],
  ],
];

t.test('maps that are taken', async (t) => {
  for (const [text, ranges] of taken) t.same(parseIdMapping(text), ranges, text);
});

const refused: readonly [text: string, reason: RegExp][] = [
  ['0', /triples/],
  ['0:1', /triples/],
  ['0:1:1:2', /triples/],
  ['a:0:1', /numbers/],
  ['0:-1:1', /numbers/],
  ['0x10:0:1', /numbers/],
  ['1.5:0:1', /numbers/],
  ['0:0:0', /nothing/],
  ['0:4294967290:6', /highest/],
  ['4294967295:0:1', /highest/],
  ['0:100:10:9:200:1', /shows as two/],
  ['0:100:10:50:109:1', /stands for two/],
];

t.test('maps that are refused', async (t) => {
  for (const [text, reason] of refused) t.match(parseIdMapping(text), reason, text);
});

t.test('the options say which one was bad, in one line', async (t) => {
  for (const option of [
    'uidmapping=0:1',
    'gidmapping=x',
    'squash_to_uid=-1',
    'squash_to_gid=',
    'squash_to_root=1',
  ]) {
    t.throws(
      () => {
        addOptions(noOptions(), option);
      },
      { code: 'bad-option', exitCode: 1 },
      option,
    );
  }
  const options = noOptions();
  addOptions(options, 'uidmapping=,gidmapping,squash_to_uid=7,squash_to_root');
  t.match(options.identity, { uidRanges: [], gidRanges: [], squashToUid: 7, squashToGid: undefined });
});

t.test('an id is decimal, and below the one that means none', async (t) => {
  t.equal(findId('4294967294'), 4294967294);
  for (const text of ['4294967295', '', '-1', '0x1', '1e3']) t.equal(findId(text), undefined, text);
});
