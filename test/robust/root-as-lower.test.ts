/**
 * `lowerdir=/` with the mount point, the upper and the work directory inside it: the mount shows them as the
 * plain directories that they are on the disk, never itself, and what is written there stays above.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { Agent } from '../fixtures/agent.ts';
import { makeScratch, type StrataMount } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

/** Names in the real root that are not mount points: what is mounted below does not show. */
const ordinary = ['bin', 'etc', 'usr', 'lib', 'sbin'];

async function namesIn(agent: Agent, path: string): Promise<string[]> {
  return ((await agent.call('readdir', path)) as [string][]).map(([name]) => name).sort();
}

async function through(agent: Agent, mount: StrataMount, path: string, data: string): Promise<void> {
  const fd = await agent.call('open', `${mount.path}${path}`, 0o1101, 0o644);
  await agent.call('write', fd, data);
  await agent.call('close', fd);
}

t.test('the root as the lower layer of a mount inside it', needs(...mountNeeds), async (test) => {
  const scratch = makeScratch(test);
  const agent = await Agent.start();
  test.teardown(() => agent.stop());
  const [upper, work, at] = ['upper', 'work', 'at'].map((name) => scratch.directory(name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(`${scratch.path}/file`, 'below');
  writeFileSync(`${at}/covered`, 'by the mount');
  const mount = await scratch.mount({ lower: ['/'], upper, work, at });
  const inside = (path: string): string => `${mount.path}${path}`;

  for (const name of ordinary) {
    const wanted = lstatSync(`/${name}`);
    test.match(await agent.call('lstat', inside(`/${name}`)), { mode: wanted.mode, uid: wanted.uid }, name);
  }
  test.strictSame(await namesIn(agent, inside('/usr')), readdirSync('/usr').sort());
  test.strictSame(await namesIn(agent, inside('/proc')), [], 'what is mounted in the root stays out');
  test.strictSame(await namesIn(agent, inside(at)), ['covered'], 'the mount does not show itself');
  test.strictSame(await namesIn(agent, inside(`${at}${at}`)).catch(() => 'none'), 'none');

  await through(agent, mount, `${scratch.path}/file`, 'above');
  test.equal(readFileSync(`${scratch.path}/file`, 'utf8'), 'below', 'the lower file is as it was');
  test.equal(readFileSync(`${upper}${scratch.path}/file`, 'utf8'), 'above');

  await through(agent, mount, `${upper}/planted`, 'in the upper that the mount shows');
  test.notOk(existsSync(`${upper}/planted`), 'the upper as it is seen is no way into the upper');
  test.equal(
    readFileSync(`${upper}${upper}/planted`, 'latin1'),
    'in the upper that the mount shows',
    'but a file of the union like any other',
  );
  await through(agent, mount, `${at}/new`, 'x');
  test.strictSame((await namesIn(agent, inside(at))).sort(), ['covered', 'new']);

  const script = 'rm -r /usr/share/common-licenses /etc/hostname; echo edited >/etc/issue; cat /etc/issue';
  const shown = execFileSync('chroot', [mount.path, '/bin/sh', '-c', `${script} 2>/dev/null`]);
  test.equal(shown.toString(), 'edited\n', 'programs of the layer run in it');
  await test.rejects(agent.call('lstat', inside('/etc/hostname')), { code: 'ENOENT' });
  test.not(readFileSync('/etc/issue', 'utf8'), 'edited\n', 'and the root is untouched');

  const counted = execFileSync('find', [inside(scratch.path), '-xdev'], { encoding: 'utf8' });
  test.ok(counted.split('\n').length < 200, 'a walk comes to an end');
  test.strictSame(await mount.end(), { code: 0, signal: null });
  test.strictSame(readdirSync(at), ['covered']);
});
