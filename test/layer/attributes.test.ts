import t from 'tap';
import { fsError } from '../../src/base/fs-error.ts';
import { asName, type Name } from '../../src/base/name.ts';
import { copyXattrs } from '../../src/layer/attributes.ts';
import { overlayNames } from '../../src/layer/xattr-names.ts';
import type { HostFs } from '../../src/os/host-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch } from './fixtures/scratch.ts';

const names = overlayNames(false);
const need = needs('root', 'program:setfattr', 'program:setfacl', 'program:setcap');
const from = asName('from');
const to = asName('to');

t.test('everything but our own is copied', need, (t) => {
  const { fs, dir, sh } = makeScratch(t);
  sh(`touch from to; setcap cap_net_raw+ep from; setfacl -m u:99:rw from
    setfattr -n user.a -v 1 from; setfattr -n user.empty from; setfattr -n trusted.b -v 2 from
    setfattr -n trusted.overlay.origin -v 3 from; setfattr -n trusted.overlay.overlay.opaque -v y from
    setfattr -n user.overlay.opaque -v y from`);
  copyXattrs(fs, dir, from, dir, to, names);
  const expected = fs.listXattrs(dir, from).filter((name) => name !== 'trusted.overlay.origin');
  t.same(fs.listXattrs(dir, to).sort(), expected.sort());
  for (const name of expected) t.same(fs.findXattr(dir, to, name), fs.findXattr(dir, from, name), name);
  t.end();
});

t.test('only what keeps others out must be copied', need, (t) => {
  const { fs, dir, sh } = makeScratch(t);
  sh('touch from to; setfattr -n user.a -v 1 from; setfattr -n trusted.b -v 2 from');
  const without = (refused: (attribute: Name) => boolean): HostFs => {
    const setXattr: HostFs['setXattr'] = (at, name, attribute, value, flags) => {
      if (refused(attribute)) throw fsError('EOPNOTSUPP');
      fs.setXattr(at, name, attribute, value, flags);
    };
    return new Proxy<HostFs>(fs, {
      get: (target, key) => {
        if (key === 'setXattr') return setXattr;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  };
  copyXattrs(
    without((name) => name.startsWith('user.')),
    dir,
    from,
    dir,
    to,
    names,
  );
  t.same(fs.listXattrs(dir, to), ['trusted.b']);
  sh('setcap cap_net_raw+ep from');
  t.throws(
    () => {
      copyXattrs(
        without((name) => name.startsWith('security.')),
        dir,
        from,
        dir,
        to,
        names,
      );
    },
    { code: 'EOPNOTSUPP' },
  );
  t.end();
});
