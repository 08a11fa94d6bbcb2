import t from 'tap';
import { escape, splitLowerPaths, splitOptions, unescape } from '../../src/os/option-list.ts';

t.test('options are split on commas, empty ones left out', async (t) => {
  t.strictSame(splitOptions('lowerdir=/a:/b,upperdir=/u,workdir=/w,,volatile,'), [
    { name: 'lowerdir', value: '/a:/b' },
    { name: 'upperdir', value: '/u' },
    { name: 'workdir', value: '/w' },
    { name: 'volatile', value: undefined },
  ]);
  t.strictSame(splitOptions(''), []);
});

t.test('a backslash takes the meaning from a comma', async (t) => {
  t.strictSame(splitOptions(String.raw`upperdir=/a\,b,ro`), [
    { name: 'upperdir', value: String.raw`/a\,b` },
    { name: 'ro', value: undefined },
  ]);
  t.equal(unescape(String.raw`/a\,b\\c\:d`), String.raw`/a,b\c:d`);
});

t.test('a value keeps its further equals signs', async (t) => {
  t.strictSame(splitOptions('fsname=a=b'), [{ name: 'fsname', value: 'a=b' }]);
});

t.test('a quoted SELinux label is one option', async (t) => {
  t.strictSame(
    splitOptions('ro,context="system_u:object_r:t:s0:c1,c2",noatime').map(({ name }) => name),
    ['ro', 'context', 'noatime'],
  );
  for (const path of [
    String.raw`/a\,context="b"`,
    String.raw`/a\,context="b\,c"`,
    '/a"b"',
    '/xcontext="b"',
  ]) {
    t.strictSame(
      splitOptions(`ro,lowerdir=${path},noatime`),
      [
        { name: 'ro', value: undefined },
        { name: 'lowerdir', value: path },
        { name: 'noatime', value: undefined },
      ],
      'a path that looks like one is kept',
    );
  }
});

t.test('lower layers are split on colons that are not escaped', async (t) => {
  t.strictSame(splitLowerPaths(String.raw`/a\:b:/c:d`), { lower: ['/a:b', '/c', 'd'], dataOnly: [] });
});

t.test('data-only layers come after two colons', async (t) => {
  t.strictSame(splitLowerPaths('/a:/b::/c::/d'), { lower: ['/a', '/b'], dataOnly: ['/c', '/d'] });
});

t.test('a colon too many at an end is none', async (t) => {
  for (const list of ['/a:/b:', ':/a:/b', ':/a:/b:']) {
    t.strictSame(splitLowerPaths(list), { lower: ['/a', '/b'], dataOnly: [] }, list);
  }
  t.strictSame(splitLowerPaths('/a::/b:'), { lower: ['/a'], dataOnly: ['/b'] });
});

t.test('lists that the kernel refuses', async (t) => {
  for (const bad of ['', ':', '::', '::/a', '/a::', '/a:::/b', '/a::/b:/c', '/a::']) {
    t.equal(splitLowerPaths(bad), undefined, bad);
  }
});

t.test('escape is undone by the parser, for every byte', async (t) => {
  const path = `/${Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join('')}`;
  const option = `lowerdir=${escape(path)}:/b,upperdir=${escape(path)}`;
  const [lower, upper] = splitOptions(option);
  t.strictSame(splitLowerPaths(lower?.value ?? ''), { lower: [path, '/b'], dataOnly: [] });
  t.equal(unescape(upper?.value ?? ''), path);
});
