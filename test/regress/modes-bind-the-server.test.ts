/**
 * A server without capabilities is bound by the modes of the files that it serves. Permission is decided when
 * a file is opened: whatever becomes of the mode, the open file is read and written.
 */
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { mountAt, openClient, user } from './fixtures/ordinary-user.ts';

async function openMount(test: Test) {
  const client = await openClient(test);
  const [lower, upper, work, at] = ['lower', 'upper', 'work', 'at'].map((name) =>
    client.stage.directory(name),
  ) as [string, string, string, string];
  writeFileSync(join(lower, 'lower-file'), 'from below');
  await client.stage.run(['chown', '-R', '5:60', lower]);
  await mountAt(test, client, { lower: [lower], upper, work }, at);
  /** Output of a Python program in the mount. */
  const python = (...lines: string[]): Promise<string> =>
    client.sh(`cd ${at} && exec /usr/bin/python3 -c 'import os\n${lines.join('\n')}' 2>&1`);
  return { ...client, upper, at, python };
}

t.test('what may be written and not read', user, async (test) => {
  const { sh, at, upper } = await openMount(test);
  test.equal(await sh(`cd ${at} && echo one >f && chmod 0200 f && echo two >>f && echo done`), 'done\n');
  test.equal(readFileSync(join(upper, 'f'), 'utf8'), 'one\ntwo\n');
  test.match(await sh(`cat ${at}/f`), /Permission denied/);
  test.equal(await sh(`cd ${at} && echo three >f && chmod 0600 f && cat f`), 'three\n');
});

t.test('what is open is read and written whatever its mode becomes', user, async (test) => {
  const { python, upper } = await openMount(test);
  test.equal(
    await python(
      'f = os.open("f", os.O_RDWR | os.O_CREAT, 0o600)',
      'os.write(f, b"data"); os.fsync(f); os.close(f)',
      'f = os.open("f", os.O_RDWR)',
      'os.fchmod(f, 0)',
      'print(os.pread(f, 9, 0)); os.pwrite(f, b"more", 4); os.fsync(f)',
    ),
    "b'data'\n",
  );
  test.equal(readFileSync(join(upper, 'f'), 'utf8'), 'datamore');
  test.equal(
    await python(
      'f = os.open("lower-file", os.O_RDONLY)',
      'os.chmod("lower-file", 0)',
      'print(os.pread(f, 99, 0))',
    ),
    "b'from below'\n",
    'copied up by the chmod',
  );
  test.equal(
    await python(
      'f = os.open(".", os.O_TMPFILE | os.O_RDWR, 0)',
      'os.write(f, b"nameless"); os.fsync(f)',
      'print(os.pread(f, 99, 0), oct(os.fstat(f).st_mode))',
    ),
    "b'nameless' 0o100000\n",
  );
});

t.test('many files that nobody could open again', user, async (test) => {
  const { python, upper } = await openMount(test);
  const many = 700;
  test.equal(
    await python(
      `fds = [os.open(f"f{i}", os.O_RDWR | os.O_CREAT, 0o444) for i in range(${String(many)})]`,
      'for i, fd in enumerate(fds): os.write(fd, str(i).encode())',
      'for fd in fds: os.fsync(fd)',
      'print(sum(os.pread(fd, 9, 0) == str(i).encode() for i, fd in enumerate(fds)))',
    ),
    `${String(many)}\n`,
  );
  for (const i of [0, many - 1]) test.equal(readFileSync(join(upper, `f${String(i)}`), 'utf8'), String(i));
});

t.test('a file of somebody else that everybody may write', user, async (test) => {
  const { python, upper } = await openMount(test);
  writeFileSync(join(upper, 'theirs'), 'x');
  chmodSync(join(upper, 'theirs'), 0o666);
  test.equal(statSync(join(upper, 'theirs')).uid, 0);
  const before = statSync(join(upper, 'theirs')).mtimeMs;
  const act = ['f = os.open("theirs", os.O_RDWR)', 'os.pwrite(f, b"y", 1)', 'os.fsync(f)', 'os.close(f)'];
  test.equal(await python(...act), '');
  test.equal(readFileSync(join(upper, 'theirs'), 'utf8'), 'xy');
  test.ok(statSync(join(upper, 'theirs')).mtimeMs > before);
  test.equal(await python('os.utime("theirs")'), '', 'to now, as it may be written');
  test.match(await python('os.utime("theirs", (5, 5))'), /Operation not permitted/);
});
