/**
 * podman with `force_mask` says owners and modes of what it unpacks in `user.containers.override_stat`, and leaves file
 * capabilities as they are, in `security.capability`. They were not shown there, not copied up, and lost from what was committed.
 */
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

const need = needs(...mountNeeds, 'program:setfattr', 'program:setcap');
const layer = `
  for f in read changed removed set; do echo $f >$f; chmod 755 $f; setcap cap_net_raw+ep $f; done
  for f in . *; do setfattr -n user.containers.override_stat -v 0:0:0755 $f; done`;
const create = `python3 -c 'import os; os.setxattr("set", "security.capability", b"", os.XATTR_CREATE)'`;

t.test('capabilities that were left plain show, and are copied up', need, async (t) => {
  const place = await makePlace(t, layer);
  const { path } = await place.mount(['xattr_permissions=2']);
  t.equal(await shell(path, 'getcap read'), 'read cap_net_raw=ep');
  t.match(await shell(path, 'getfattr -m security -d read'), /^security\.capability=/m);
  await shell(path, 'chmod 700 changed');
  t.equal(await shell(path, 'getcap changed'), 'changed cap_net_raw=ep');
  t.match(await shell(place.upper, 'getfattr -m - changed'), /override_security\.capability/);
});

t.test('other attributes of the host do not stop the copy of a link', need, async (t) => {
  const place = await makePlace(
    t,
    `${layer}
    ln -s read link; setfattr -h -n security.strata -v 1 link`,
  );
  const { path } = await place.mount(['xattr_permissions=2']);
  await shell(path, 'mv link moved; chown -h 5 moved');
  t.equal(await shell(path, 'readlink moved; stat -c %u moved'), 'read\n5');
});

t.test('each is there once, can be replaced, and goes when it is removed', need, async (t) => {
  // Plain ones in the upper: it was there before it was kept so.
  const place = await makePlace(t, '');
  await shell(place.upper, layer);
  const { path } = await place.mount(['xattr_permissions=2']);
  await t.rejects(shell(path, create), /File exists/);
  await shell(
    path,
    'setcap cap_net_bind_service+ep set; setcap cap_chown+ep removed; setcap -r removed; setcap -r read',
  );
  t.equal(await shell(path, 'getcap *'), 'changed cap_net_raw=ep\nset cap_net_bind_service=ep');
  t.equal(await shell(path, 'getfattr -m security set | grep -c capability'), '1');
  t.match(await shell(path, 'setcap -r read || true'), /no capab/);
  await shell(path, 'echo x >>changed; chown 5 set');
  t.equal(await shell(path, 'getcap *'), '');
});
