import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import * as fc from 'fast-check';
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import {
  aclAccess,
  aclDefault,
  aclTag,
  formatAcl,
  inherit,
  parseAcl,
  type AclEntry,
} from '../../src/layer/acl.ts';
import { O_CREAT, O_EXCL, O_WRONLY, S_IFDIR, S_IFREG } from '../../src/os/constants.ts';
import { st } from '../../src/os/host-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { openDir } from './fixtures/kernel-overlay.ts';

const none = 0xffffffff;
const perm = fc.integer({ min: 0, max: 7 });
const ids = fc.uniqueArray(fc.integer({ min: 1, max: 60000 }), { maxLength: 3 });

/** Lists that the kernel takes: in the order of the tags, ids rising, a mask where anybody is named. */
const list = fc
  .record({
    perms: fc.array(perm, { minLength: 12, maxLength: 12 }),
    users: ids,
    groups: ids,
    mask: fc.boolean(),
  })
  .map(({ perms, users, groups, mask }) => {
    let next = 0;
    const entry = (tag: number, id = none): AclEntry => ({ tag, perm: perms[next++] ?? 0, id });
    const rising = (numbers: number[]): number[] => numbers.toSorted((a, b) => a - b);
    return [
      entry(aclTag.userObj),
      ...rising(users).map((id) => entry(aclTag.user, id)),
      entry(aclTag.groupObj),
      ...rising(groups).map((id) => entry(aclTag.group, id)),
      ...(mask || users.length + groups.length > 0 ? [entry(aclTag.mask)] : []),
      entry(aclTag.other),
    ];
  });

t.test('what is formatted is parsed', (t) => {
  fc.assert(
    fc.property(list, (entries) => {
      t.same(parseAcl(formatAcl(entries)), entries);
    }),
    { numRuns: 30 },
  );
  t.end();
});

t.test('bytes that are no list', (t) => {
  const good = formatAcl([{ tag: aclTag.userObj, perm: 7, id: none }]);
  for (let length = 0; length < good.length; length += 1) {
    if (length === 4) t.same(parseAcl(good.subarray(0, 4)), []);
    else t.equal(parseAcl(good.subarray(0, length)), undefined);
  }
  t.equal(parseAcl(Buffer.from([1, 0, 0, 0])), undefined, 'version 1');
  t.throws(() => inherit(Buffer.alloc(3), 0o644, false), { code: 'EIO' });
  t.throws(() => inherit(formatAcl([]), 0o644, false), { code: 'EIO' });
  t.end();
});

t.test('a new object inherits what the kernel lets it inherit', needs('root'), (t) => {
  const root = mkdtempSync('/tmp/layer-acl-');
  mkdirSync(`${root}/m`);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', `${root}/m`]);
  const fs = new RealFs();
  const dir = openDir(fs, `${root}/m`);
  t.teardown(() => {
    fs.close(dir);
    execFileSync('umount', [`${root}/m`]);
    rmSync(root, { recursive: true });
  });
  const file = asName('file');
  const directory = asName('directory');
  const self = asName('');
  fc.assert(
    fc.property(list, fc.integer({ min: 0, max: 0o777 }), (entries, mode) => {
      const defaults = formatAcl(entries);
      fs.setXattr(dir, self, aclDefault, defaults, 0);
      fs.close(fs.openat(dir, file, O_CREAT | O_EXCL | O_WRONLY, mode));
      fs.mkdirat(dir, directory, mode);
      for (const [name, type] of [
        [file, S_IFREG],
        [directory, S_IFDIR],
      ] as const) {
        const ours = inherit(defaults, type | mode, type === S_IFDIR);
        fs.statx(dir, name);
        t.equal(ours.mode.toString(8), (fs.stat[st.mode] ?? 0).toString(8));
        t.same(ours.access, fs.findXattr(dir, name, aclAccess));
        t.same(ours.default, fs.findXattr(dir, name, aclDefault));
      }
      fs.unlinkat(dir, file, 0);
      fs.unlinkat(dir, directory, 0x200);
    }),
    { numRuns: 100 },
  );
  t.end();
});
