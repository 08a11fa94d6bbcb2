/** Append-only and immutable files, and files that the server may only read: what can be done to them can be done here, and no more. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, ordinary, shell } from './fixtures/shell.ts';

const refused = (command: string): string => `if (${command}); then echo '${command} succeeds'; exit 1; fi`;

/** Without what the shell says of a command that was refused. */
async function answers(path: string, script: string): Promise<string> {
  return (await shell(path, script)).replace(/^.*not permitted\n/gm, '');
}

/** For the teardown. */
const unsealed = "trap 'chattr -ia * 2>/dev/null' EXIT";

for (const way of ['passthrough=on', 'passthrough=off']) {
  t.test(`a log for appending only, ${way}`, needs(...mountNeeds), async (t) => {
    const place = await makePlace(t, 'echo low >low');
    const { path } = await place.mount([way]);
    const script = `${unsealed}
      echo one >new
      for f in new low; do
        chattr +a $f
        echo two >>$f
        head -c 300000 /dev/zero | tr '\\0' x >>$f
        echo end >>$f
        cat $f >/dev/null; sync $f
        touch $f
        ${refused('touch -d @5 $f')}
        ${refused('touch -m -d @5 $f')}
        ${refused('echo three >$f')}
        ${refused('dd if=/dev/null of=$f conv=notrunc')}
        ${refused('truncate -s 1 $f')}
        chattr -a $f
        printf X | dd of=$f conv=notrunc 2>/dev/null
        tr -d x <$f; wc -c <$f
      done`;
    t.equal(await answers(path, script), 'Xne\ntwo\nend\n300012\nXow\ntwo\nend\n300012');
  });

  t.test(`what was open goes on, ${way}`, needs(...mountNeeds), async (t) => {
    const place = await makePlace(t, '');
    const { path } = await place.mount([way]);
    const script = `${unsealed}
      exec 3>file; echo one >&3
      chattr +a file
      echo two >>file; echo six >&3
      ${refused('touch -m -d @5 file')}
      chattr -a file; chattr +i file
      ${refused('echo no >>file')}
      chattr -i file
      echo end >>file
      cat file`;
    t.equal(await answers(path, script), 'one\nsix\nend');
  });

  t.test(`the times of a log that was there at the mount, ${way}`, needs(...mountNeeds), async (t) => {
    const place = await makePlace(t, '');
    const script = `${unsealed}
      exec 3>>log; echo one >&3
      ${refused('touch -m -d @5 log')}
      cat log`;
    await shell(place.upper, ': >log; chattr +a log');
    const { path } = await place.mount([way]);
    t.equal(await answers(path, script), 'one');
  });

  t.test(`an immutable file, ${way}`, needs(...mountNeeds), async (t) => {
    const place = await makePlace(t, 'echo low >low');
    const { path } = await place.mount([way]);
    const script = `${unsealed}
      echo one >new
      for f in new low; do
        chattr +i $f
        cat $f; sync $f
        ${refused('echo more >>$f')}
        exec 3<$f
        chattr -i $f
        echo more >>$f
        cat <&3
        exec 3<&-
      done`;
    t.equal(await answers(path, script), 'one\none\nmore\nlow\nlow\nmore');
  });
}

for (const way of ['passthrough=on', 'passthrough=off', 'writeback=0']) {
  t.test(`who reads a file does not unseal its times, ${way}`, needs(...mountNeeds), async (t) => {
    const place = await makePlace(t, 'for f in low up; do echo $f >$f; touch -d @5 $f; done; chattr +i low');
    const { path } = await place.mount([way]);
    t.teardown(() => shell(place.lower, 'chattr -i low').then(() => undefined));
    const script = `${unsealed}
      chattr +i up
      for f in low up; do
        exec 3<$f
        ${refused('touch -m -d @7 $f')}
        ${refused('touch -m $f')}
        exec 3<&-
        stat -c %Y $f
      done`;
    t.equal(await answers(path, script), '5\n5');
  });
}

t.test('what was written before a file was sealed reaches the disk', needs(...mountNeeds), async (t) => {
  for (const way of ['passthrough=on', 'passthrough=off']) {
    const place = await makePlace(t, '');
    const { path } = await place.mount([way]);
    const script = `
import fcntl, os, struct
def flags(fd, wanted):
    present = struct.unpack('l', fcntl.ioctl(fd, 0x80086601, bytes(8)))[0]
    fcntl.ioctl(fd, 0x40086602, struct.pack('l', present & ~0x30 | wanted))
for name, flag in (('immutable', 0x10), ('append', 0x20)):
    for size in (100, 3000000):
        fd = os.open(name + str(size), os.O_RDWR | os.O_CREAT, 0o644)
        os.write(fd, b'0' * 8192)
        os.fsync(fd)
        os.utime(fd, (1000000000, 1000000000))
        os.pwrite(fd, b'x' * size, 10)
        modified = os.stat(fd).st_mtime_ns
        flags(fd, flag)
        try:
            os.fsync(fd)
        finally:
            flags(os.open(name + str(size), os.O_RDONLY), 0)
        print(os.stat(fd).st_mtime_ns == modified)
        os.close(fd)`;
    t.equal(
      execFileSync('python3', ['-c', script], { cwd: path, encoding: 'utf8' }),
      'True\n'.repeat(4),
      way,
    );
    for (const name of ['immutable100', 'append100', 'immutable3000000', 'append3000000']) {
      const size = Number(name.replace(/\D+/, ''));
      const written = readFileSync(`${place.upper}/${name}`);
      t.equal(written.indexOf('x'.repeat(size)), 10, `${way}, ${name}`);
      t.equal(written.length, Math.max(8192, size + 10));
    }
  }
});

t.test('a file is synced that may not be written', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, '', ordinary);
  const { path } = await place.mount();
  await shell(path, 'echo 1 >a; chmod 444 a; sync a');
  t.pass('it did not fail');
});
