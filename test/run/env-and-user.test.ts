import t from 'tap';
import { mergeEnv } from '../../src/run/parse-env.ts';
import { parseSize } from '../../src/run/parse-size.ts';
import { parseUser } from '../../src/run/parse-user.ts';

t.test('variables', async (t) => {
  const own = new Map([
    ['HERE', 'mine'],
    ['EMPTY', ''],
  ]);
  const find = (name: string): string | undefined => own.get(name);
  for (const [given, expected] of [
    [[], ['A=1', 'B=2']],
    [['A=3'], ['A=3', 'B=2']],
    [['C=4=5'], ['A=1', 'B=2', 'C=4=5']],
    [
      ['HERE', 'EMPTY'],
      ['A=1', 'B=2', 'HERE=mine', 'EMPTY='],
    ],
    [['A'], ['B=2']],
    [['B='], ['A=1', 'B=']],
  ] as const) {
    t.strictSame(mergeEnv(['A=1', 'B=2'], given, find), expected, given.join(' '));
  }
  t.throws(() => mergeEnv([], ['=x'], find), {
    code: 'bad-env',
    message: 'invalid environment variable: =x',
  });
  t.throws(() => mergeEnv([], [''], find), { code: 'bad-env' });
});

t.test('users', async (t) => {
  for (const [text, user, group] of [
    ['', '0', undefined],
    ['root', 'root', undefined],
    ['1000', '1000', undefined],
    ['1000:', '1000', undefined],
    ['app:staff', 'app', 'staff'],
    [':12', '0', '12'],
  ] as const) {
    t.strictSame(parseUser(text), { user, group }, text);
  }
  for (const text of ['a:b:c', '4294967295', '0:99999999999'])
    t.throws(() => parseUser(text), { code: 'bad-user' });
});

t.test('sizes', async (t) => {
  for (const [text, expected] of [
    ['0', 0],
    ['4096', 4096],
    ['64m', 64 * 2 ** 20],
    ['1.5G', 1.5 * 2 ** 30],
    ['2KiB', 2048],
    ['2kb', 2048],
    ['x', undefined],
    ['-1', undefined],
    ['', undefined],
    ['1x', undefined],
  ] as const) {
    t.equal(parseSize(text), expected, text);
  }
});
