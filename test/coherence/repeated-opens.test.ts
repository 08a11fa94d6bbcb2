/**
 * Files that are opened again and again, which the server hears of once (fuse/kernel/repeated-opens.ts): what can be seen of
 * them is as if it heard of each.
 */
import t from 'tap';
import { execFileSync } from 'node:child_process';
import { fails, flag, old, reader, scenes } from './fixtures/stage.ts';

const scene = scenes(t, [], [['passthrough=on'], ['passthrough=off']]);
const passed = scenes(t, ['passthrough'], [['passthrough=on']]);

scene('each open is counted, and none is left', {}, async (t, it) => {
  const { agent } = await reader(it);
  for (let n = 0; n < 9; n++) {
    const fd = await agent.call('open', it.at('file'), flag.RDONLY, 0);
    await agent.call('close', fd);
  }
  const before = await it.stats();
  t.equal(before.requests.OPEN, 10);
  t.equal(before.openFiles, 1);
  // From now on the first one is asked for again.
  for (let n = 0; n < 4; n++) t.equal(await it.read('file'), old);
  t.equal((await it.stats()).requests.OPEN, 14);
});

scene('written between two opens', {}, async (t, it) => {
  const readers = [await reader(it), await reader(it), await reader(it)];
  await it.write('file', 'NEW');
  readers.push(await reader(it));
  for (const { content } of readers) t.equal(await content(), old.replace('old', 'NEW'));
  await it.write('file', 'Newer', 4);
  for (const { content } of readers) t.equal((await content()).slice(0, 9), 'NEW Newer');
});

passed('passed through as soon as nobody reads the page cache', {}, async (t, it) => {
  for (let n = 0; n < 3; n++) t.equal(await it.read('file'), old);
  const agent = await it.agent();
  const fd = await agent.call('open', it.at('file'), flag.RDWR, 0);
  await agent.call('pwrite', fd, 'NEW', 0);
  t.equal((await it.stats()).requests.WRITE, undefined);
  t.equal(await it.read('file'), old.replace('old', 'NEW'));
});

scene('a removed file, and one of its name', {}, async (t, it) => {
  for (let n = 0; n < 3; n++) await it.read('file');
  const { agent, content } = await reader(it);
  await agent.call('unlink', it.at('file'));
  await fails(t, agent.call('open', it.at('file'), flag.RDONLY, 0), 'ENOENT', 'it has gone');
  const fd = await agent.call('open', it.at('file'), flag.RDWR | flag.CREAT, 0o644);
  await agent.call('pwrite', fd, 'another', 0);
  await agent.call('close', fd);
  t.equal(await it.read('file'), 'another');
  t.equal(await content(), old);
});

scene('an immutable file is not touched for having been read', {}, async (t, it) => {
  for (let n = 0; n < 3; n++) await it.read('file');
  execFileSync('chattr', ['+i', it.at('file')]);
  try {
    t.throws(() => execFileSync('touch', ['-m', '-d', '@5', it.at('file')], { stdio: 'pipe' }));
  } finally {
    execFileSync('chattr', ['-i', it.at('file')]);
  }
});

const many = Array.from({ length: 1100 }, (_, n) => `file${String(n)}`);

scene(
  'more files than are kept open',
  { files: Object.fromEntries(many.map((name) => [name, name])) },
  async (t, it) => {
    for (let round = 0; round < 2; round++) {
      for (const name of many) if ((await it.read(name)) !== name) t.fail(`not what is in ${name}`);
    }
    t.equal((await it.stats()).requests.OPEN, 2 * many.length);
  },
);
