import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import t from 'tap';
import type { Fd } from '../../src/base/ids.ts';
import { asName } from '../../src/base/name.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from '../../src/os/constants.ts';
import { copyTree } from '../../src/run/copy-tree.ts';
import { createToolFs } from '../../src/store/tool-fs.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

const facts = (at: string): string =>
  execFileSync(
    'sh',
    [
      '-c',
      'cd "$1"; find . -printf "%p %y %m %U:%G %n %s %T@ %l\\n" | sort; getfattr -hRd -m- . | sort; getfacl -Rp .; find . -type f -print0 | sort -z | xargs -0 md5sum',
      'sh',
      at,
    ],
    { encoding: 'utf8' },
  );

t.test('a tree is copied as it is', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const from = scratch.directory('from');
  execFileSync('sh', [
    '-c',
    `cd "$1"; mkdir -p d/e; echo x > d/f; chown 7:8 d/f; chmod 4751 d/f; ln d/f g; ln -s nowhere l; ln -s d/f m; mkfifo p
     mknod n c 1 3; truncate -s 1M hole; setfattr -n user.a -v b d/f; setfacl -m u:9:r d/f; setfacl -dm u:9:r d/e
     setcap cap_net_raw+ep hole; touch "a b
c"; touch -d 2001-02-03 d d/f; chown -h 5:6 l`,
    'sh',
    from,
  ]);
  const fs = createToolFs();
  const parent = fs.openat(AT_FDCWD as Fd, asName(scratch.path), O_RDONLY | O_DIRECTORY, 0);
  t.teardown(() => {
    fs.close(parent);
  });
  const place = (name: string) => ({ directory: parent, name: asName(name) });
  await copyTree(fs, place('from'), place('to'));
  t.equal(facts(`${scratch.path}/to`), facts(from));
  await copyTree(fs, place('from'), place('to'));
  t.equal(facts(`${scratch.path}/to`), facts(from), 'over what is there');
  await copyTree(fs, place('from'), place('owned'), { owner: { uid: 3, gid: 4 } });
  t.equal(
    execFileSync('find', [`${scratch.path}/owned`, '!', '-uid', '3', '-o', '!', '-gid', '4'], {
      encoding: 'utf8',
    }),
    '',
  );
});

t.test('many files with several names need no descriptors', async (t) => {
  const scratch = makeScratch(t);
  const from = scratch.directory('from/d');
  const files = Array.from({ length: 100 }, (_, index) => String(index));
  for (const file of files) {
    writeFileSync(`${from}/${file}`, file);
    linkSync(`${from}/${file}`, `${scratch.path}/from/${file}`);
  }
  let mostOpen = 0;
  const fs = new Proxy(createToolFs(), {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      mostOpen = Math.max(mostOpen, readdirSync('/proc/self/fd').length);
      return value.bind(target) as unknown;
    },
  });
  const parent = fs.openat(AT_FDCWD as Fd, asName(scratch.path), O_RDONLY | O_DIRECTORY, 0);
  const before = readdirSync('/proc/self/fd').length;
  await copyTree(fs, { directory: parent, name: asName('from') }, { directory: parent, name: asName('to') });
  fs.close(parent);
  t.ok(mostOpen < before + 10, `${String(mostOpen)} descriptors, ${String(before)} before`);
  for (const file of files) t.equal(statSync(`${scratch.path}/to/d/${file}`).nlink, 2);
  for (const file of files)
    t.equal(statSync(`${scratch.path}/to/${file}`).ino, statSync(`${scratch.path}/to/d/${file}`).ino);
});

t.test('a link in the place of a directory is not followed', async (t) => {
  const scratch = makeScratch(t);
  for (const name of ['from/d', 'outside', 'to']) mkdirSync(`${scratch.path}/${name}`, { recursive: true });
  writeFileSync(`${scratch.path}/from/d/f`, 'new');
  writeFileSync(`${scratch.path}/from/g`, 'new');
  writeFileSync(`${scratch.path}/outside/g`, 'kept');
  symlinkSync('../outside', `${scratch.path}/to/d`);
  symlinkSync('../outside/g', `${scratch.path}/to/g`);
  const fs = createToolFs();
  const parent = fs.openat(AT_FDCWD as Fd, asName(scratch.path), O_RDONLY | O_DIRECTORY, 0);
  t.teardown(() => {
    fs.close(parent);
  });
  await t.rejects(
    copyTree(fs, { directory: parent, name: asName('from') }, { directory: parent, name: asName('to') }),
    { code: 'not-a-directory' },
  );
  t.equal(execFileSync('ls', [`${scratch.path}/outside`], { encoding: 'utf8' }), 'g\n');
  t.equal(readFileSync(`${scratch.path}/outside/g`, 'utf8'), 'kept');
});
