/**
 * Attributes of namespaces, and of `system.*` names, that no file system knows were said to be absent where a file system says that
 * it has none of that kind.
 */
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

const probe = `python3 - <<'end'
import errno, os
names = ['system.posix_acl_other', 'system.', 'system.nosuch', 'nosuch.name', 'nosuch', 'user.', 'trusted.', 'security.',
         'user.absent', 'security.absent',
         'system.posix_acl_access', 'system.posix_acl_default', 'security.capability']
def answer(act):
    try:
        return act()
    except OSError as error:
        return errno.errorcode[error.errno]
for path in ['file', 'directory']:
    for name in names:
        print(path, name, answer(lambda: os.getxattr(path, name)), answer(lambda: os.removexattr(path, name)))
end`;

t.test(
  'attributes that cannot be are refused as by the file system below',
  needs(...mountNeeds),
  async (t) => {
    const place = await makePlace(t, 'echo low >file; mkdir directory');
    const expected = await shell(place.lower, probe);
    const { path } = await place.mount();
    t.equal(await shell(path, probe), expected, 'in the lower');
    await shell(path, 'chmod 600 file; chmod 700 directory');
    t.equal(await shell(path, probe), expected, 'in the upper');
  },
);
