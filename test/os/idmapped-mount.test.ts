import { mkdirSync, symlinkSync } from 'node:fs';
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { findIdmapped } from '../../src/os/idmapped-mount.ts';
import type { MountEntry } from '../../src/os/mountinfo.ts';
import { makeScratch } from './fixtures/scratch.ts';

type Fields = Partial<MountEntry> & Pick<MountEntry, 'id' | 'parentId' | 'mountPoint'>;

/** A mount, of which the given fields matter. */
function mount(fields: Fields): MountEntry {
  const names = { root: asName('/'), source: asName('disk'), type: 'ext4' };
  return { device: '0:1', options: ['rw'], superOptions: [], ...names, ...fields };
}

t.test('no directory is looked for by way of what a process serves', (t) => {
  const scratch = makeScratch(t);
  const [layer, other] = [asName(scratch.at('disk/layer')), asName(scratch.at('other'))];
  mkdirSync(layer, { recursive: true });
  // Stands for another mount of what holds the layer.
  symlinkSync('disk', other);
  /** Where it is found, by a mount whose path leads through one of this type, as does, perhaps, that of the layer. */
  const find = (type: string, isCrossed: boolean): string | undefined => {
    const mounts = [
      mount({ id: 1, parentId: 0, mountPoint: asName('/'), device: '0:2' }),
      mount({ id: 2, parentId: 1, mountPoint: asName(scratch.path), device: '0:3', type }),
      mount({
        id: 3,
        parentId: isCrossed ? 2 : 1,
        mountPoint: layer,
        root: asName('/layer'),
        options: ['idmapped'],
      }),
      mount({ id: 4, parentId: 2, mountPoint: other }),
    ];
    return findIdmapped(layer, mounts)?.onDisk.path;
  };
  const found = `${other}/layer`;
  t.equal(find('ext4', false), found);
  t.equal(find('fuse.stratafs', false), undefined, 'which may be this process');
  t.equal(find('fuse.stratafs', true), found, 'in a container whose root is such a mount');
  t.end();
});
