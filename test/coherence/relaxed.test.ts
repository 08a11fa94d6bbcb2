/**
 * `coherence=relaxed`: files of lower layers are read by the kernel itself, writers get the file under a new
 * node, and those who had it open keep what they had. See docs/coherence.md.
 */
import t from 'tap';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { raceFiles, startMapper, useDatabase, useRacers } from './fixtures/programs.ts';
import { fails, flag, old, reader, run, scenes, stat } from './fixtures/stage.ts';

const scene = scenes(t, ['passthrough'], [['coherence=relaxed']]);

scene('a lower file is read without the server', {}, async (t, it) => {
  t.equal(await it.read('file'), old);
  t.equal((await it.stats()).requests.READ, undefined);
  await it.write('file', 'NEW');
  t.equal(await it.read('file'), old.replace('old', 'NEW'));
  t.equal((await it.stats()).requests.WRITE, undefined, 'nor is it written by the server');
});

scene('an old descriptor and an old mapping keep what they show', {}, async (t, it) => {
  const { agent, fd, content, stat: fstat } = await reader(it);
  const map = await agent.call('mmap', fd, old.length, true, false);
  t.equal(await agent.call('load', map, 0, 3), 'old');
  const before = await stat(agent, it.at('file'));
  await it.write('file', 'new data, and more of it than there was before: the file grows\n');
  t.equal(await content(), old);
  t.equal(await agent.call('load', map, 0, 3), 'old');
  t.equal((await fstat()).size, old.length, 'the size is that of the data which it reads');
  t.equal((await fstat()).mtime, before.mtime);
  t.match(await it.read('file'), /^new data.*grows/, 'another process reads the new data');
  const after = await stat(agent, it.at('file'));
  t.ok(after.size > old.length, 'and everybody sees the new size by name');
  t.equal(after.ino, before.ino, 'st_ino stays');
  t.equal((await fstat()).ino, before.ino, 'here, too');
  t.equal((await it.stats()).requests.READ, undefined, 'all of it was passed through');
});

scene('a mapping outlives its descriptor', {}, async (t, it) => {
  const mapper = startMapper(it.at('file'));
  t.equal(await mapper.content(), 'old');
  await it.write('file', 'NEW');
  t.equal(await mapper.content(), 'old');
  await mapper.end();
  t.equal(await it.read('file'), old.replace('old', 'NEW'));
});

scene('the process that reads can write as well', {}, async (t, it) => {
  const { agent, content } = await reader(it);
  const fd = await agent.call('open', it.at('file'), flag.RDWR, 0);
  await agent.call('pwrite', fd, 'NEW', 0);
  t.equal(await agent.call('pread', fd, 3, 0), 'NEW');
  t.equal(await content(), old);
});

scene('again and again: each writer leaves the readers before it behind', {}, async (t, it) => {
  const first = await reader(it);
  await it.write('file', '1st');
  const second = await reader(it);
  await it.write('file', '2nd');
  t.equal(await first.content(), old);
  t.equal(await second.content(), old.replace('old', '2nd'), 'who came later is on one file with the writer');
});

scene('a file whose metadata only was copied up', {}, async (t, it) => {
  const { agent, content } = await reader(it);
  await agent.call('chmod', it.at('file'), 0o600);
  t.equal((await it.stats()).copiedBytes, 0);
  const later = await reader(it);
  await it.write('file', 'NEW');
  t.equal(await content(), old);
  t.equal(await later.content(), old);
  t.equal(await it.read('file'), old.replace('old', 'NEW'));
  t.equal((await stat(agent, it.at('file'))).mode & 0o7777, 0o600);
});

scene(
  'copied up whole while it is open, for its mode, and written after that',
  { files: { file: old }, options: ['metacopy=off'] },
  async (t, it) => {
    const { agent, content } = await reader(it);
    await agent.call('chmod', it.at('file'), 0o600);
    t.ok((await it.stats()).copiedBytes > 0, 'the data is in the upper layer by now');
    const later = await reader(it);
    await it.write('file', 'NEW');
    t.equal(await content(), old);
    t.equal(await later.content(), old);
    t.equal(await it.read('file'), old.replace('old', 'NEW'));
  },
);

scene('truncate by path, and O_TRUNC', { files: { cut: old, emptied: old, grown: old } }, async (t, it) => {
  const writer = await it.agent();
  const cut = await reader(it, 'cut');
  await writer.call('truncate', it.at('cut'), 3);
  t.equal(await it.read('cut'), 'old');
  t.equal(await cut.content(), old);
  const grown = await reader(it, 'grown');
  await writer.call('truncate', it.at('grown'), old.length + 1);
  t.equal(await it.read('grown'), `${old}\0`);
  t.equal(await grown.content(), old);
  const emptied = await reader(it, 'emptied');
  const copied = (await it.stats()).copiedBytes;
  await writer.call('open', it.at('emptied'), flag.WRONLY | flag.TRUNC, 0);
  t.equal(await it.read('emptied'), '');
  t.equal((await it.stats()).copiedBytes, copied, 'no data was copied to be thrown away');
  t.equal(await emptied.content(), old);
});

scene('metadata goes to the file, through whatever descriptor', {}, async (t, it) => {
  const { agent, fd, stat: fstat } = await reader(it);
  await it.write('file', 'NEW');
  await agent.call('fchmod', fd, 0o640);
  await agent.call('fsetxattr', fd, 'user.note', 'by the old descriptor', 0);
  const other = await it.agent();
  t.equal((await stat(other, it.at('file'))).mode & 0o7777, 0o640);
  t.equal(await other.call('getxattr', it.at('file'), 'user.note'), 'by the old descriptor');
  t.equal((await fstat()).mode & 0o7777, 0o640);
  await other.call('chmod', it.at('file'), 0o604);
  await other.call('chown', it.at('file'), 7, 8);
  const seen = await agent.call('fstat', fd);
  t.match(seen, { mode: 0o100604, uid: 7, gid: 8, nlink: 1 }, 'and the old descriptor shows it');
  await other.call('setxattr', it.at('file'), 'user.note', 'by name', 0);
  t.equal(await agent.call('fgetxattr', fd, 'user.note'), 'by name');
  await agent.call('linkfd', fd, it.at('second'));
  t.equal((await it.read('second')).slice(0, 3), 'NEW', 'a link to it is a link to the file');
  await other.call('unlink', it.at('file'));
  t.equal((await fstat()).nlink, 1);
});

scene('permissions are those of the file, by an old id, too', {}, async (t, it) => {
  const { agent, fd } = await reader(it);
  await it.write('file', 'NEW');
  const owner = await it.agent();
  await owner.call('chmod', it.at('file'), 0);
  await agent.call('become', 1234, 1234, []);
  await t.rejects(agent.call('reopen', fd, flag.RDONLY), { code: 'EACCES' });
});

scene(
  'all names of a file go on together',
  { files: { file: old, second: { linkTo: 'file' } } },
  async (t, it) => {
    const one = await reader(it, 'file');
    const two = await reader(it, 'second');
    await it.write('file', 'a file that is longer than the one which was here before it\n');
    const size = (await stat(one.agent, it.at('file'))).size;
    t.equal((await stat(one.agent, it.at('second'))).size, size, 'at once');
    t.match(await it.read('second'), /^a file that is longer/);
    await it.write('second', 'b');
    t.match(await it.read('file'), /^b file that is longer/);
    t.equal(await one.content(), old);
    t.equal(await two.content(), old);
    const [a, b] = await Promise.all(['file', 'second'].map((name) => stat(one.agent, it.at(name))));
    t.equal(a?.ino, b?.ino);
    t.match([a, b], [{ nlink: 2 }, { nlink: 2 }]);
  },
);

scene(
  'a program that runs',
  { files: { cat: { copyOf: '/bin/cat' }, true: { copyOf: '/bin/true' } } },
  async (t, it) => {
    const agent = await it.agent();
    await agent.call('chmod', it.at('cat'), 0o755);
    const running = spawn(it.at('cat'), { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: running.stdout })[Symbol.asyncIterator]();
    const echo = async (line: string): Promise<unknown> => {
      running.stdin.write(`${line}\n`);
      return (await lines.next()).value;
    };
    t.equal(await echo('one'), 'one');
    await fails(t, agent.call('open', it.at('cat'), flag.RDWR, 0), 'ETXTBSY', 'is not written');
    await fails(t, agent.call('truncate', it.at('cat'), 0), 'ETXTBSY', 'nor truncated');
    await run('cp', [it.at('true'), it.at('cat.new')]);
    await agent.call('rename', it.at('cat.new'), it.at('cat'), 0);
    t.equal(await echo('two'), 'two', 'but replaced, and goes on');
    t.strictSame(
      await run(it.at('cat')),
      { stdout: '', stderr: '' },
      'and the next who runs it gets the other one',
    );
    running.stdin.end();
    await once(running, 'exit');
  },
);

scene('a script that is rewritten while it runs', { files: { script: longScript() } }, async (t, it) => {
  const running = spawn('sh', [it.at('script')]);
  const lines = createInterface({ input: running.stdout })[Symbol.asyncIterator]();
  t.equal((await lines.next()).value, 'first line');
  await it.write('script', '#'.repeat(64 * 1024));
  running.stdin.end('go\n');
  t.equal((await lines.next()).value, 'last line', 'runs to its own end');
});

/** One of which a shell does not read the end before it gets there. */
function longScript(): string {
  return `echo first line\nread line\n${'# a comment\n'.repeat(16 * 1024)}echo last line\n`;
}

scene(
  'what an old descriptor gives by other calls than read',
  { files: { file: `${old}${'.'.repeat(300_000)}` } },
  async (t, it) => {
    const { agent, fd } = await reader(it);
    await it.write('file', 'NEW');
    await agent.call('truncate', it.at('file'), 3);
    const target = (await agent.call('open', it.at('copy'), flag.RDWR | flag.CREAT, 0o600)) as number;
    t.equal(await agent.call('copyrange', fd, 0, target, 0, 1000), 1000);
    t.equal(await agent.call('pread', target, old.length, 0), old);
    t.equal(await agent.call('lseek', fd, 1000, 3), 1000, 'SEEK_DATA');
    t.equal(await agent.call('lseek', fd, 0, 2), old.length + 300_000, 'SEEK_END');
    await agent.call('fsync', fd);
    const again = (await agent.call('reopen', fd, flag.RDONLY)) as number;
    t.equal(await agent.call('pread', again, 3, 300_000), '...');
  },
);

scene('locks and watches stay with what was open', {}, async (t, it) => {
  const { agent, fd } = await reader(it);
  const watch = (await agent.call('inotify')) as number;
  await agent.call('watch', watch, it.at('file'), 0x2);
  await agent.call('flock', fd, 6);
  const writer = await it.agent();
  const written = (await writer.call('open', it.at('file'), flag.RDWR, 0)) as number;
  await writer.call('flock', written, 6);
  await writer.call('pwrite', written, 'NEW', 0);
  t.strictSame(await agent.call('events', watch), []);
});

scene('nothing remains of what nobody has open', {}, async (t, it) => {
  await it.read('file');
  const before = (await it.stats()).nodes;
  for (let round = 0; round < 20; round++) {
    const one = await reader(it);
    await it.write('file', String(round).padStart(3));
    await one.agent.stop();
  }
  const deadline = performance.now() + 60_000;
  let { nodes } = await it.stats();
  while (nodes > before + 2 && performance.now() < deadline) ({ nodes } = await it.stats());
  t.ok(nodes <= before + 2, `${String(nodes)} nodes, ${String(before)} before`);
});

scene('writers race with readers', { files: raceFiles }, (t, it) => useRacers(t, it));

for (const journal of ['delete', 'wal']) {
  const name = `a database in a lower layer, journal_mode=${journal}`;
  scene(name, { files: { database: { databaseWith: journal } }, options: ['volatile'] }, async (t, it) => {
    const before = await reader(it, 'database');
    const content = await before.content();
    const { ino } = await stat(before.agent, it.at('database'));
    await useDatabase(t, it.at('database'));
    t.equal(await before.content(), content, 'who had it open before reads what was there');
    t.equal((await stat(before.agent, it.at('database'))).ino, ino);
  });
}
