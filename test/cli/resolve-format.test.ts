import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { UserError } from '../../src/base/user-error.ts';
import { noOptions } from '../../src/cli/mount-options.ts';
import type { FormatOptions } from '../../src/cli/mount-spec.ts';
import { resolveFormat, type ResolvedFormat } from '../../src/cli/resolve-format.ts';

interface Case {
  readonly given?: Partial<FormatOptions>;
  readonly writable?: boolean;
  readonly data?: boolean;
  readonly privileged?: boolean;
}

function resolve({ given = {}, writable = true, data = false, privileged = true }: Case): ResolvedFormat {
  const layers = { upper: writable ? asName('/u') : undefined, dataOnly: data ? [asName('/d')] : [] };
  return resolveFormat({ ...noOptions().format, ...given }, layers, privileged);
}

function conflicts(it: Case): boolean {
  try {
    resolve(it);
    return false;
  } catch (thrown) {
    if (thrown instanceof UserError && thrown.code === 'conflicting-options') return true;
    throw thrown;
  }
}

t.test('as root everything is on', async (t) => {
  t.match(resolve({}), { userxattr: false, metacopy: true, redirectDir: 'on', index: true, xino: 'auto' });
});

t.test('with user.overlay attributes what leads elsewhere is off', async (t) => {
  const off = { userxattr: true, metacopy: false, redirectDir: 'nofollow', index: false };
  t.match(resolve({ privileged: false }), off);
  t.match(resolve({ given: { userxattr: true } }), off);
  t.match(resolve({ given: { userxattr: true, redirectDir: 'off', metacopy: false } }), off);
});

t.test('the pairs that the kernel refuses', async (t) => {
  t.ok(conflicts({ given: { userxattr: true, metacopy: true } }));
  t.ok(conflicts({ given: { userxattr: true, redirectDir: 'on' } }));
  t.ok(conflicts({ privileged: false, given: { redirectDir: 'follow' } }));
  t.ok(conflicts({ given: { metacopy: true, redirectDir: 'off' } }));
  t.ok(conflicts({ given: { metacopy: true, redirectDir: 'nofollow' }, writable: false }));
  t.ok(conflicts({ given: { metacopy: false }, data: true }));
  t.ok(conflicts({ privileged: false, data: true }));
});

t.test('redirect_dir=off takes metacopy along, and follows what is there', async (t) => {
  t.match(resolve({ given: { redirectDir: 'off' } }), { metacopy: false, redirectDir: 'follow' });
  t.match(resolve({ given: { redirectDir: 'nofollow' } }), { metacopy: false, redirectDir: 'nofollow' });
  t.match(resolve({ given: { redirectDir: 'off' }, writable: false }), {
    metacopy: true,
    redirectDir: 'follow',
  });
});

t.test('without an upper there is nothing to index and nothing to sync', async (t) => {
  t.match(resolve({ writable: false, given: { index: true, volatile: true } }), {
    index: false,
    volatile: false,
  });
});

t.test('volatile leaves fsync out', async (t) => {
  t.equal(resolve({ given: { volatile: true } }).fsync, false);
  t.equal(resolve({ given: { fsync: false } }).fsync, false);
  t.equal(resolve({}).fsync, true);
});
