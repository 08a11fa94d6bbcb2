import * as fc from 'fast-check';
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { fitsWhenStored, isPrivate, toClient, toStored } from '../../src/layer/escape.ts';
import { overlayNames } from '../../src/layer/xattr-names.ts';

const trusted = overlayNames(false);
const user = overlayNames(true);
const attribute = fc
  .tuple(
    fc.constantFrom(
      'trusted.',
      'user.',
      'security.',
      'trusted.overlay.',
      'user.overlay.',
      'trusted.overlay.overlay.',
    ),
    fc.string({ minLength: 0, maxLength: 20 }),
  )
  .map(([prefix, rest]) => asName(prefix + rest));

t.test('only the namespace in use is escaped', (t) => {
  t.equal(toStored(asName('trusted.overlay.opaque'), trusted), 'trusted.overlay.overlay.opaque');
  t.equal(toStored(asName('user.overlay.opaque'), trusted), 'user.overlay.opaque');
  t.equal(toStored(asName('user.overlay.opaque'), user), 'user.overlay.overlay.opaque');
  t.equal(toStored(asName('trusted.overlay.opaque'), user), 'trusted.overlay.opaque');
  t.equal(toStored(asName('user.mime_type'), user), 'user.mime_type');
  t.end();
});

t.test("the union's own attributes are no client's business", (t) => {
  for (const own of [trusted.opaque, trusted.redirect, trusted.origin, asName('trusted.overlay.')]) {
    t.equal(toClient(own, trusted), undefined);
    t.ok(isPrivate(own, trusted));
    t.notOk(isPrivate(own, user));
  }
  t.equal(toClient(asName('trusted.overlay.overlay.opaque'), trusted), 'trusted.overlay.opaque');
  t.notOk(isPrivate(asName('trusted.overlay.overlay.opaque'), trusted));
  t.end();
});

t.test('a client reads back every name that it stored', (t) => {
  for (const names of [trusted, user]) {
    fc.assert(
      fc.property(attribute, (name) => {
        const stored = toStored(name, names);
        return toClient(stored, names) === name && !isPrivate(stored, names);
      }),
    );
  }
  t.end();
});

t.test('no stored name is one of ours, whatever a client asks for', (t) => {
  fc.assert(fc.property(attribute, (name) => !Object.values(trusted).includes(toStored(name, trusted))));
  t.end();
});

t.test('a name that gets too long by it is known beforehand', (t) => {
  t.ok(fitsWhenStored(asName(`trusted.overlay.${'x'.repeat(231)}`), trusted));
  t.notOk(fitsWhenStored(asName(`trusted.overlay.${'x'.repeat(232)}`), trusted));
  t.ok(fitsWhenStored(asName(`user.${'x'.repeat(250)}`), trusted));
  t.end();
});
