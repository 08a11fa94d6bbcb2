/**
 * With `xattr_permissions=1` devices and FIFOs have their modes themselves: a list of access control for one gave
 * its owner the leave to do everything with it, as those on disk do that have their modes in attributes.
 */
import t from 'tap';
import { needs, mountNeeds } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

t.test('a list says what it says', needs(...mountNeeds, 'program:setfacl'), async (t) => {
  const place = await makePlace(t, 'mkfifo -m 640 below');
  const { path } = await place.mount(['xattr_permissions=1']);
  await shell(
    path,
    `mkfifo -m 640 fifo; mknod -m 640 device c 1 3; echo x >file; chmod 640 file
     for name in fifo device file below; do
       setfacl -m u:7:r $name
       test $(stat -c %a $name) = 640
       getfacl -n $name | grep -q '^user::rw-$'
     done`,
  );
});
