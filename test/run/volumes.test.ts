import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import t from 'tap';
import { receiveArchive } from '../../src/run/copy-archive.ts';
import { exportDirectory, importDirectory } from '../../src/run/volume-archive.ts';
import { Volumes } from '../../src/run/volumes.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

const unused = (): readonly string[] => [];

t.test('a volume is a directory as Docker has it', async (t) => {
  const { path } = makeScratch(t);
  const volumes = new Volumes(path);
  t.strictSame(volumes.list().volumes, []);
  const made = volumes.create('data', { labels: { a: 'b' } });
  t.match(made, {
    name: 'data',
    driver: 'local',
    mountpoint: `${path}/volumes/data/_data`,
    labels: { a: 'b' },
  });
  writeFileSync(`${made.mountpoint}/file`, 'kept');
  t.strictSame(volumes.create('data', {}), made, 'it is made once');
  t.equal(volumes.mount('data'), made.mountpoint);
  t.equal(readFileSync(`${made.mountpoint}/file`, 'utf8'), 'kept');

  const nameless = volumes.create(undefined, {});
  t.match(nameless.name, /^[0-9a-f]{64}$/);
  mkdirSync(`${path}/volumes/docker/_data`, { recursive: true });
  t.strictSame(
    volumes.list().volumes.map(({ name }) => name),
    [nameless.name, 'data', 'docker'].sort(),
    'one of Docker without opts.json is a volume too',
  );
  t.throws(() => volumes.get('absent'), { code: 'no-such-volume' });
  t.equal(volumes.find('../volumes/data'), undefined);
  t.throws(() => volumes.create('a/b', {}), { code: 'bad-volume-name' });
  t.throws(() => volumes.create('data2', { driver: 'other' }), { code: 'no-such-driver' });
});

t.test('a volume that has lost its empty directory, and what is no volume', async (t) => {
  const { path } = makeScratch(t);
  const volumes = new Volumes(path);
  const { mountpoint } = volumes.create('data', { labels: { a: 'b' } });
  rmdirSync(mountpoint);
  t.match(volumes.create('data', {}), { labels: { a: 'b' } });
  t.equal(statSync(mountpoint).mode & 0o777, 0o755);
  mkdirSync(`${path}/volumes/other/content`, { recursive: true });
  t.throws(() => volumes.create('other', {}), { code: 'no-volume' });
  t.ok(existsSync(`${path}/volumes/other/content`));
});

t.test('a volume that is used stays', async (t) => {
  const { path } = makeScratch(t);
  const volumes = new Volumes(path);
  for (const name of ['used', 'free']) volumes.create(name, {});
  const nameless = volumes.create(undefined, {}).name;
  const usersOf = (name: string): readonly string[] => (name === 'used' ? ['web'] : []);
  t.throws(
    () => {
      volumes.remove('used', usersOf);
    },
    { code: 'volume-in-use', message: /\[web\]/ },
  );
  t.strictSame(volumes.findPrunable({ all: false }), [nameless]);
  t.strictSame(volumes.findPrunable({ all: true }), [nameless, 'free', 'used'].sort());
  const accepts = ({ name }: { readonly name: string }): boolean => name === nameless;
  t.strictSame(volumes.findPrunable({ all: true, accepts }), [nameless]);
  for (const name of ['used', 'free', nameless]) volumes.remove(name, unused);
  t.strictSame(readdirSync(`${path}/volumes`), []);
});

t.test('options of mount(8)', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const volumes = new Volumes(scratch.path);
  for (const [options, message] of [
    [{ size: '1' }, 'invalid option: "size"'],
    [{ type: 'tmpfs' }, 'missing required option: "device"'],
    [{ device: 'tmpfs' }, 'missing required option: "type"'],
    [{ o: 'bind' }, 'missing required option: "type"'],
  ] as const) {
    t.throws(() => volumes.create('bad', { options }), { code: 'bad-volume-option', message });
  }
  t.notOk(existsSync(`${scratch.path}/volumes/bad`));

  const memory = volumes.create('memory', {
    options: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=0700' },
  });
  t.strictSame(volumes.get('memory').options, { type: 'tmpfs', o: 'size=1m,mode=0700', device: 'tmpfs' });
  const outside = statSync(memory.mountpoint).dev;
  volumes.mount('memory');
  volumes.mount('memory');
  t.not(statSync(memory.mountpoint).dev, outside);
  t.equal(statSync(memory.mountpoint).mode & 0o777, 0o700);
  t.throws(
    () => {
      volumes.remove('memory', unused);
    },
    { code: 'volume-mounted' },
  );
  volumes.unmount('memory');
  volumes.unmount('memory');
  t.equal(statSync(memory.mountpoint).dev, outside, 'it was mounted once');
  volumes.remove('memory', unused);

  volumes.create('wrong', { options: { type: 'none', device: `${scratch.path}/absent`, o: 'bind' } });
  t.throws(() => volumes.mount('wrong'), { code: 'volume-mount' });
});

t.test('a volume goes into an archive and comes out of it', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const volumes = new Volumes(scratch.path);
  const [from, to] = ['from', 'into'].map((name) => volumes.create(name, {}).mountpoint) as [string, string];
  execFileSync('sh', [
    '-c',
    'cd "$1"; mkdir d; echo x > d/f; chown 7:8 d/f; ln d/f g; ln -s nowhere l; setfattr -n user.a -v b d/f; setfattr -n user.overlay.a -v b d; setfacl -m u:9:r g; mknod w c 0 0; truncate -s 1M hole; chmod 2751 d',
    'sh',
    from,
  ]);
  const archive = `${scratch.path}/archive.tar`;
  await exportDirectory(from, archive);
  execFileSync('gzip', ['-k', archive]);
  const receive = (file: string, name: string) =>
    receiveArchive(createReadStream(file), scratch.directory(name), { hint: '', keepsMarks: true });
  await importDirectory(to, await receive(`${archive}.gz`, 'received'));
  const facts = (at: string): string =>
    execFileSync(
      'sh',
      [
        '-c',
        'cd "$1"; find . -printf "%p %y %m %U:%G %n %s %t %l\\n" | sort; getfattr -R -d -m- . ; md5sum d/f hole',
        'sh',
        at,
      ],
      { encoding: 'utf8' },
    );
  t.equal(facts(to), facts(from));
  writeFileSync(archive, 'no archive');
  await t.rejects(receive(archive, 'damaged'), { code: 'bad-layer' });
});
