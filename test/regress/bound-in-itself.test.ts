/**
 * A mount of which a part is bind-mounted inside itself: its server, told to end, went to unmount that first, by a way
 * that led through what it serves, and waited for itself.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { serversOf, until } from '../cli/fixtures/program.ts';
import { isMounted } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { mountAt, openClient, user } from './fixtures/ordinary-user.ts';
import { makePlace, shell } from './fixtures/shell.ts';

t.test('its server ends when it is told to', needs(...mountNeeds), async (test) => {
  const place = await makePlace(test, 'mkdir a b');
  const elsewhere = place.scratch.directory('elsewhere');
  // The kernel asks for each name on the way.
  const mounted = await place.mount(['timeout=0']);
  await shell(mounted.path, `mount --bind a b; mount --bind a ${elsewhere}`);
  mounted.kill('SIGTERM');
  const rescue = setTimeout(() => {
    execFileSync('umount', ['-l', elsewhere]);
    mounted.kill('SIGKILL');
  }, 60_000);
  test.strictSame(await mounted.exited, { code: 0, signal: null });
  clearTimeout(rescue);
  for (const at of [mounted.path, join(mounted.path, 'b'), elsewhere]) test.notOk(isMounted(at), at);
});

t.test('its server takes away a bind mount of it on itself', needs(...mountNeeds), async (test) => {
  const place = await makePlace(test, 'mkdir a');
  const mounted = await place.mount(['timeout=0']);
  execFileSync('mount', ['--bind', mounted.path, mounted.path]);
  mounted.kill('SIGTERM');
  test.strictSame(await mounted.exited, { code: 0, signal: null });
  test.notOk(isMounted(mounted.path));
});

t.test('by fusermount3, too', user, async (test) => {
  const client = await openClient(test);
  const { stage } = client;
  const [lower, at] = [stage.directory('lower'), stage.directory('at')];
  for (const name of ['lower/a', 'lower/b']) stage.directory(name);
  // Without it nobody but the user could make the bind mount.
  const allow = 'echo user_allow_other >"$1" && mount --bind "$1" /etc/fuse.conf';
  await stage.run(['sh', '-c', allow, 'sh', join(stage.path, 'fuse.conf')]);
  await mountAt(test, client, { lower: [lower], options: ['allow_other'] }, at);
  await stage.run(['mount', '--bind', join(at, 'a'), join(at, 'b')]);
  const servers = serversOf(at);
  test.equal(servers.length, 1);
  for (const server of servers) process.kill(server, 'SIGTERM');
  await until(() => serversOf(at).length === 0, 'the server ends');
  test.notMatch(await stage.run(['cat', '/proc/self/mountinfo']), at);
});
