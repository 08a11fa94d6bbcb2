import { symlinkSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { asName } from '../../src/base/name.ts';
import * as os from '../../src/os/constants.ts';
import { mark } from '../../src/os/host-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch, places, type Place } from './fixtures/scratch.ts';

const fs = new RealFs();
const none = asName('');
const prefix = asName('trusted.overlay.');
const code = (expected: string) => ({ name: 'FsError', code: expected });

/** The same object under four names: by name, an open descriptor, an O_PATH one, and below a directory's O_PATH one. */
function handles(t: Test, place: Place) {
  const dir = makeScratch(t, place);
  writeFileSync(dir.at('f'), '');
  const open = fs.openat(dir.fd, asName('f'), os.O_RDWR, 0);
  const path = fs.openat(dir.fd, asName('f'), os.O_PATH | os.O_NOFOLLOW, 0);
  const parent = fs.openat(dir.fd, asName('.'), os.O_PATH, 0);
  t.teardown(() => {
    for (const fd of [open, path, parent]) fs.close(fd);
  });
  return [
    [dir.fd, asName('f')],
    [open, none],
    [path, none],
    [parent, asName('f')],
  ] as const;
}

for (const place of Object.keys(places) as Place[]) {
  t.test(place, needs('root'), (t) => {
    t.test('set, get, list, remove, however the object is named', (t) => {
      for (const [dir, name] of handles(t, place)) {
        const attribute = asName('trusted.\xffname');
        const value = Buffer.from([0, 255, 1, 0]);
        t.equal(fs.findXattr(dir, name, attribute), undefined);
        fs.setXattr(dir, name, attribute, value, os.XATTR_CREATE);
        t.same(fs.findXattr(dir, name, attribute), value);
        t.same(fs.listXattrs(dir, name), [attribute]);
        t.throws(() => {
          fs.setXattr(dir, name, attribute, value, os.XATTR_CREATE);
        }, code('EEXIST'));
        fs.setXattr(dir, name, attribute, Buffer.alloc(0), os.XATTR_REPLACE);
        t.same(fs.findXattr(dir, name, attribute), Buffer.alloc(0));
        fs.removeXattr(dir, name, attribute);
        t.throws(() => {
          fs.removeXattr(dir, name, attribute);
        }, code('ENODATA'));
        t.equal(fs.findRemoveXattr(dir, name, attribute), false);
        t.same(fs.listXattrs(dir, name), []);
      }
      t.end();
    });

    t.test('values and lists beyond the first buffer', (t) => {
      for (const [dir, name] of handles(t, place)) {
        const value = Buffer.alloc(3000, 'v');
        fs.setXattr(dir, name, asName('trusted.large'), value, 0);
        t.same(fs.findXattr(dir, name, asName('trusted.large')), value);
        fs.removeXattr(dir, name, asName('trusted.large'));
        const names = Array.from({ length: 9 }, (_, at) => asName(`trusted.${String(at).repeat(200)}`));
        for (const attribute of names) fs.setXattr(dir, name, attribute, Buffer.alloc(0), 0);
        t.same(fs.listXattrs(dir, name).sort(), names);
        t.equal(fs.overlayMarks(dir, name, prefix), mark.foreign);
        for (const attribute of names) t.equal(fs.findRemoveXattr(dir, name, attribute), true);
      }
      t.end();
    });

    t.test('a symlink has its own', (t) => {
      const dir = makeScratch(t, place);
      symlinkSync('/etc', dir.at('l'));
      fs.setXattr(dir.fd, asName('l'), asName('trusted.a'), Buffer.from('1'), 0);
      const fd = fs.openat(dir.fd, asName('l'), os.O_PATH | os.O_NOFOLLOW, 0);
      t.same(fs.listXattrs(fd, none), ['trusted.a']);
      fs.setXattr(fd, none, asName('trusted.overlay.opaque'), Buffer.from('y'), 0);
      t.equal(fs.overlayMarks(dir.fd, asName('l'), prefix), mark.foreign | mark.opaque);
      t.equal(fs.overlayMarks(fd, none, prefix), mark.foreign | mark.opaque);
      fs.close(fd);
      t.end();
    });

    t.test('overlayMarks: each name has its bit', (t) => {
      const dir = makeScratch(t, place);
      writeFileSync(dir.at('f'), '');
      t.equal(fs.overlayMarks(dir.fd, asName('f'), prefix), 0);
      let expected = 0;
      for (const [name, bit] of Object.entries(mark)) {
        const attribute =
          name === 'foreign' ? 'trusted.overlayx' : name === 'other' ? `${prefix}opaque2` : prefix + name;
        fs.setXattr(dir.fd, asName('f'), asName(attribute), Buffer.from('y'), 0);
        expected |= bit;
        t.equal(fs.overlayMarks(dir.fd, asName('f'), prefix), expected, name);
      }
      t.throws(() => fs.overlayMarks(dir.fd, asName('missing'), prefix), code('ENOENT'));
      t.end();
    });
    t.end();
  });
}

t.test('where there are none at all', (t) => {
  const proc = fs.openat(os.AT_FDCWD as never, asName('/proc/self'), os.O_RDONLY, 0);
  t.equal(fs.findXattr(proc, asName('status'), asName('user.x')), undefined);
  t.equal(fs.findRemoveXattr(proc, asName('status'), asName('user.x')), false);
  t.equal(fs.overlayMarks(proc, asName('status'), prefix), 0);
  fs.close(proc);
  t.end();
});
