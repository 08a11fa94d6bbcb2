import * as fc from 'fast-check';
import t from 'tap';
import { asName, type Name } from '../../src/base/name.ts';
import { absoluteRedirect, parseRedirect } from '../../src/layer/redirect.ts';

const fileName = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 40 })
  .map((text) => Buffer.from(text).toString('latin1').replace(/[/\0]/g, '_').slice(0, 255))
  .filter((name) => name !== '.' && name !== '..')
  .map((name) => asName(name));

t.test('a relative redirect is one name', (t) => {
  fc.assert(
    fc.property(fileName, (name) => {
      t.same(parseRedirect(name), { invalid: false, absolute: false, components: [name] });
    }),
    { numRuns: 50 },
  );
  t.end();
});

t.test('an absolute redirect is the path that was written', (t) => {
  fc.assert(
    fc.property(fc.array(fileName, { minLength: 1, maxLength: 8 }), (components) => {
      t.same(parseRedirect(absoluteRedirect(components)), { invalid: false, absolute: true, components });
    }),
    { numRuns: 50 },
  );
  t.end();
});

t.test('hostile values are refused as a whole', (t) => {
  const hostile = [
    '',
    '/',
    '.',
    '..',
    'a/b',
    '../a',
    'a/..',
    '/..',
    '/a/..',
    '/a/../b',
    '/./a',
    '/a/.',
    '//a',
    '/a//b',
    '/a/',
    'a\0',
    '/a\0b',
    '\0',
    `/${'x'.repeat(256)}`,
    'x'.repeat(256),
    `/${'a/'.repeat(2100)}a`,
  ];
  for (const value of hostile) {
    t.same(parseRedirect(asName(value)), { invalid: true, value }, JSON.stringify(value.slice(0, 20)));
  }
  t.end();
});

t.test('no value leads out of a layer', (t) => {
  const value = fc.array(fc.constantFrom('/', '..', '.', 'a', '\0', 'bc'), { maxLength: 12 });
  fc.assert(
    fc.property(value, (parts) => {
      const redirect = parseRedirect(asName(parts.join('')));
      if (redirect.invalid) return true;
      const bad = (name: Name): boolean => name === '' || name === '.' || name === '..' || /[/\0]/.test(name);
      return redirect.components.length > 0 && !redirect.components.some(bad);
    }),
    { numRuns: 2000 },
  );
  t.end();
});
