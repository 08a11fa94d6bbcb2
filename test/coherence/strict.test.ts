/**
 * `coherence=strict`, the default: a file is one file to all who have it open, before its copy-up and after
 * it. What single calls show of that is in conformance/table/coherence.test.ts; here are whole programs, mounts,
 * and races, with passthrough and without. See docs/coherence.md.
 */
import t from 'tap';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isMounted } from '../fixtures/mount.ts';
import { raceFiles, startMapper, useDatabase, useRacers } from './fixtures/programs.ts';
import { fails, flag, old, reader, scenes } from './fixtures/stage.ts';

const scene = scenes(t, [], [['passthrough=on'], ['passthrough=off']]);

scene('a mapping outlives its descriptor', {}, async (t, it) => {
  const mapper = startMapper(it.at('file'));
  t.equal(await mapper.content(), 'old');
  await it.write('file', 'NEW');
  t.equal(await mapper.content(), 'NEW');
  await mapper.end();
  t.equal(await it.read('file'), old.replace('old', 'NEW'));
});

scene('a file of which only the metadata was copied up is read and synced', {}, async (t, it) => {
  const agent = await it.agent();
  const fd = (await agent.call('open', it.at('file'), flag.RDONLY, 0)) as number;
  await agent.call('fchmod', fd, 0o640);
  await agent.call('fsync', fd);
  t.equal(await agent.call('pread', fd, old.length, 0), old);
});

scene('a file that has no name any more', {}, async (t, it) => {
  const { agent, fd, content } = await reader(it);
  await agent.call('unlink', it.at('file'));
  const written = await agent.call('reopen', fd, flag.RDWR);
  await agent.call('pwrite', written, 'NEW', 0);
  t.equal(await content(), old.replace('old', 'NEW'));
});

scene('a mount point keeps what is mounted there', {}, async (t, it) => {
  const cover = join(it.aside, 'cover');
  writeFileSync(cover, 'the cover\n');
  const { agent, fd, content } = await reader(it);
  await agent.call('bindmount', cover, it.at('file'));
  try {
    const written = await agent.call('reopen', fd, flag.WRONLY);
    await agent.call('pwrite', written, 'NEW', 0);
    t.equal(await content(), old.replace('old', 'NEW'));
    t.ok(isMounted(it.at('file')));
    t.equal(await it.read('file'), 'the cover\n');
  } finally {
    await agent.call('umount', it.at('file'));
  }
  t.equal(await it.read('file'), old.replace('old', 'NEW'));
});

scene('a program that runs', { files: { cat: { copyOf: '/bin/cat' } } }, async (t, it) => {
  const agent = await it.agent();
  const running = spawn(it.at('cat'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: running.stdout })[Symbol.asyncIterator]();
  running.stdin.write('one\n');
  t.equal((await lines.next()).value, 'one');
  await fails(t, agent.call('open', it.at('cat'), flag.RDWR, 0), 'ETXTBSY', 'is not written');
  running.stdin.end();
  await once(running, 'exit');
});

scene('writers race with readers', { files: raceFiles }, (t, it) => useRacers(t, it));

for (const journal of ['delete', 'wal']) {
  const name = `a database in a lower layer, journal_mode=${journal}`;
  scene(name, { files: { database: { databaseWith: journal } }, options: ['volatile'] }, async (t, it) => {
    await reader(it, 'database');
    await useDatabase(t, it.at('database'));
  });
}
