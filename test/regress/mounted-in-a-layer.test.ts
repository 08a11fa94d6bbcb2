/**
 * What is mounted inside a layer, where an ordinary user mounts and the layers cannot be had without it: the
 * directory below shows as an empty one, and above all the server never asks its own mount. And what an upper over
 * such a layer becomes when it is made plain: that failed as long as something was mounted there (EXDEV).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runProgram } from '../cli/fixtures/program.ts';
import { programPath, unionOptions } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { mountAt, openClient, user, type Client } from './fixtures/ordinary-user.ts';
import { makePlace, shell } from './fixtures/shell.ts';

/** Directories for a union, and a mount at `mounted` in the lower one. */
async function stagePlaces({ stage }: Client) {
  const at = (name: string): string => stage.directory(name);
  const places = { lower: at('lower'), upper: at('upper'), work: at('work'), at: at('at') };
  stage.directory('lower/mounted');
  await stage.run(['mount', '-t', 'tmpfs', 'tmpfs', `${places.lower}/mounted`]);
  return places;
}

t.test('the mount point of the mount itself, in its lower layer', user, async (test) => {
  const client = await openClient(test);
  const { stage, sh } = client;
  const lower = stage.directory('lower');
  const at = stage.directory('lower/at');
  writeFileSync(join(at, 'covered'), '');
  mkdirSync(join(lower, 'beside'));
  await mountAt(test, client, { lower: [lower] }, at);
  test.equal(await sh(`ls ${at}`), 'at\nbeside\n');
  test.equal(await sh(`ls -A ${at}/at`), '', 'empty, and it answers');
  test.equal(await sh(`stat -c '%F %u' ${at}/at`), 'directory 5\n');
  test.equal(
    await sh(`getfattr -d -m - ${at}/at; ls -la ${at}/at >/dev/null; cat ${at}/at/x`),
    [`1: cat: ${at}/at/x: No such file or directory\n`].join(''),
  );
  const numbers = await sh(`cd ${at} && ls -i1 | sort -k2; stat -c '%i %n' at beside; find . | sort`);
  const [listed, beside, told, toldBeside, ...found] = numbers.trim().split('\n');
  test.equal(listed?.trim(), told, 'd_ino is st_ino');
  test.equal(beside?.trim(), toldBeside);
  test.not(told?.split(' ')[0], toldBeside?.split(' ')[0]);
  test.strictSame(found, ['.', './at', './beside'], 'a walk sees no loop');
});

t.test('the mount point of the mount itself, in its upper layer', user, async (test) => {
  const client = await openClient(test);
  const { stage, sh } = client;
  const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => stage.directory(name)) as [
    string,
    string,
    string,
  ];
  stage.directory('lower/at/from-below');
  const at = stage.directory('upper/at');
  await mountAt(test, client, { lower: [lower], upper, work }, at);
  test.equal(await sh(`ls -a ${at}/at`), '.\n..\nfrom-below\n');
  test.match(await sh(`echo x >${at}/at/file`), /Device or resource busy/);
  test.match(await sh(`chmod 700 ${at}/at`), /Device or resource busy/);
  test.match(await sh(`mv ${at}/at ${at}/elsewhere`), /busy|cross-device/i);
  test.match(await sh(`mkdir ${at}/new && mv -T ${at}/new ${at}/at`), /busy|not empty/i);
  test.equal(
    await sh(`echo x >${at}/file && ls ${at}`),
    'at\nfile\nnew\n',
    'and all the rest can be written',
  );
  test.equal(await sh(`ls ${work}/work`), '', 'nothing is left in the work directory');
});

t.test('another mount in a lower layer', user, async (test) => {
  const client = await openClient(test);
  const { stage, sh } = client;
  const { lower, upper, work, at } = await stagePlaces(client);
  await stage.run(['sh', '-c', `echo secret >${lower}/mounted/of-the-mount`]);
  await mountAt(test, client, { lower: [lower], upper, work }, at);
  test.equal(await sh(`ls -A ${at}/mounted; stat -c %F ${at}/mounted`), 'directory\n');
  test.match(await sh(`cat ${at}/mounted/of-the-mount`), /No such file/);
  test.equal(await sh(`echo x >${at}/mounted/file && cat ${at}/mounted/file`), 'x\n', 'it is copied up');
  test.equal(await sh(`ls ${at}/mounted && rm -r ${at}/mounted && ls ${at}`), 'file\n');
});

t.test('an upper over a lower layer with a mount in it is made plain', needs(...mountNeeds), async (test) => {
  const place = await makePlace(
    test,
    'mkdir -p dir/mounted mounted; touch dir/mounted/covered mounted/covered',
  );
  for (const at of [join(place.lower, 'dir/mounted'), join(place.lower, 'mounted')]) {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', at]);
    test.teardown(() => execFileSync('umount', [at]));
    writeFileSync(join(at, 'of-the-mount'), '');
  }
  const mounted = await place.mount();
  await shell(mounted.path, 'mv dir renamed; touch mounted/new');
  await mounted.end();
  const union = { lower: [place.lower], upper: place.upper, work: place.work };
  test.match(await runProgram(['--settle', '-o', unionOptions(union)]), { code: 0, stdout: '', stderr: '' });
  test.equal(
    await shell(place.upper, 'ls -1 mounted renamed/mounted'),
    'mounted:\nnew\n\nrenamed/mounted:\ncovered',
    'with what shows in a mount',
  );
});

t.test('the same by an ordinary user', user, async (test) => {
  const client = await openClient(test);
  const { stage, sh } = client;
  const { lower, upper, work, at } = await stagePlaces(client);
  const union = { lower: [lower], upper, work };
  await mountAt(test, client, union, at);
  test.equal(await sh(`touch ${at}/mounted/new && ls ${at}/mounted`), 'new\n');
  await stage.unmount(at);
  test.equal(await sh(`${programPath} --settle -o ${unionOptions(union)} 2>&1`), '');
  test.equal(await sh(`ls ${upper}/mounted`), 'new\n');
});
