/**
 * `cp`, `export`, `start` and `mount` of a container that was removed while they waited for their turn did nothing, and said
 * so to nobody: exit status 0, and of an export no file.
 */
import { existsSync, readdirSync, readlinkSync, renameSync } from 'node:fs';
import t from 'tap';
import { nameFromText } from '../../src/base/name.ts';
import { waitForLock } from '../../src/os/lock.ts';
import { until } from '../cli/fixtures/program.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a container that goes while it is waited for', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { get, root, scratch } = strata;
  const id = get('create', '--name', 'one', 'base', 'true');
  const target = scratch.directory('target');
  const commands = [
    ['cp', 'one:/etc', `${scratch.path}/copy`],
    ['export', '-o', `${scratch.path}/tar`, 'one'],
    ['start', 'one'],
    ['start', '-a', 'one'],
    ['mount', 'one', target],
    ['rename', 'one', 'two'],
    ['commit', 'one', 'image'],
  ];
  const [directory, aside] = [`${root}/containers/${id}`, `${scratch.path}/aside`];
  const lock = await waitForLock(nameFromText(directory), 'exclusive');
  const waiting = commands.map((args) => ({ args, command: strata.start(...args) }));
  for (const { args, command } of waiting)
    await until(() => opened(command.pid).includes(directory), `${String(args)} waits`);
  renameSync(directory, aside);
  lock.release();
  for (const { args, command } of waiting) {
    t.equal(await command.ended, 1, args.join(' '));
    t.match(command.output(), /^strata: no such container: one: /);
  }
  t.notOk(existsSync(`${scratch.path}/tar`));
  renameSync(aside, directory);
});

function opened(pid: number): string[] {
  const fds = `/proc/${String(pid)}/fd`;
  return readdirSync(fds).map((fd) => {
    try {
      return readlinkSync(`${fds}/${fd}`);
    } catch {
      return '';
    }
  });
}
