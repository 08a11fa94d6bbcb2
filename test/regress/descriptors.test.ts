/** Descriptors of what has no name. */
import t from 'tap';
import { o } from '../conformance/fixtures/flags.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage } from './fixtures/stage.ts';

const need = needs('root', 'build');
const caller = { uid: 0, gid: 0, pid: 1, umask: 0o022, unique: 2 };

t.test('O_TRUNC of a metacopy file that has lost its name', need, async (t) => {
  const stage = makeStage(t);
  stage.sh('printf data > lower/f');
  const engine = stage.engine();
  const { client, faulty } = engine;
  await client.setattr('f', { mode: 0o600 });
  const id = client.walk('f');
  const reader = await client.fs.open(caller, id, o.RDONLY);
  await client.unlink('f');
  const writer = await client.fs.open(caller, id, o.WRONLY | o.TRUNC);
  const buffer = Buffer.from('new');
  client.fs.write(writer.id, {
    buffer,
    offset: 0,
    length: 3,
    position: 0,
    keepTimes: false,
    keptBack: false,
  });
  const read = Buffer.alloc(10);
  t.equal(client.fs.read(reader.id, read, 0, 10, 0), 3);
  client.fs.release(writer.id);
  client.fs.release(reader.id);
  await engine.close();
  t.equal(faulty.open.size, 0);
});

t.test('O_TMPFILE that fails after the file was made', need, async (t) => {
  const stage = makeStage(t);
  const engine = stage.engine();
  const { client, faulty } = engine;
  let made = false;
  faulty.arm({
    at: 1,
    with: 'EIO',
    matches: (method, args) => {
      if (method === 'openat' && (Number(args[2]) & 0o20000000) !== 0) made = true;
      return made && method === 'statx';
    },
  });
  await t.rejects(client.tmpfile('', 'f'), { code: 'EIO' });
  faulty.arm();
  await engine.close();
  t.equal(faulty.open.size, 0);
});

t.test('a connection that ends while clients have what lost its name', need, async (t) => {
  const stage = makeStage(t);
  stage.sh('mkdir lower/lower-directory');
  const { client, faulty } = stage.engine();
  client.create('file');
  client.mkdir('directory');
  for (const name of ['directory', 'lower-directory']) {
    client.walk(name);
    client.rmdir(name);
  }
  await client.fs.open(caller, client.walk('file'), o.RDWR);
  await client.unlink('file');
  await client.fs.close();
  t.equal(faulty.open.size, 0);
});
