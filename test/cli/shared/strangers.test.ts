/**
 * Who is not served: other users, processes that may do less, and whoever says nothing that makes sense.
 */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { asName } from '../../../src/base/name.ts';
import { parseCommandLine } from '../../../src/cli/command-line.ts';
import { findPrivateDirectory } from '../../../src/os/private-directory.ts';
import { findStanding, serviceOf } from '../../../src/os/process-standing.ts';
import { isMounted, makeScratch } from '../../fixtures/mount.ts';
import { mountNeeds, needs } from '../../fixtures/needs.ts';
import { runProgram, until } from '../fixtures/program.ts';
import { findShared, makePlace, meetingPlace, umount, type Union } from './fixtures/shared.ts';

const run = promisify(execFile);
const intruder = readFileSync(new URL('fixtures/intruder.py', import.meta.url), 'utf8');
/** Not whatever PATH has: others must be able to run it, too. */
const python = ['/usr/bin/python3', '-c', intruder] as const;
const programs = needs(...mountNeeds, 'program:setpriv', 'program:python3');

function requestOf({ at, options }: Union): string {
  const command = parseCommandLine(['-o', options, at], asName('/'));
  return JSON.stringify({ spec: command.act === 'mount' ? command.spec : undefined });
}

t.test('another user, fewer privileges, and nonsense', programs, async (t) => {
  const place = makePlace(t);
  const [one, two] = [place.union(), place.union()];
  t.equal((await place.mount(one)).code, 0);
  const ask = async (line: string, ...before: string[]): Promise<string> => {
    const words = [...before, ...python, meetingPlace().path, line];
    return (await run('env', words)).stdout.trim();
  };
  const request = requestOf(two);
  t.equal(await ask(request, 'setpriv', '--reuid=1000', '--regid=1000', '--clear-groups'), 'no permission');
  const refused = '{"is":"refused"}';
  t.equal(await ask(request, 'setpriv', '--bounding-set=-sys_time'), refused);
  t.equal(await ask(request, 'setpriv', '--groups=1000'), refused);
  t.equal(await ask(request, 'setpriv', '--no-new-privs'), refused);
  t.equal(await ask(request, 'prlimit', '--fsize=1000000:1000000'), refused);
  t.equal(await ask(request, 'setpriv', '--egid=1000', '--keep-groups'), refused);
  t.equal(await ask('{"spec":7}'), 'the end');
  t.equal(await ask('no JSON'), 'the end');
  t.notOk(isMounted(two.at));
  t.match(await ask(request), /"taken"/, 'an equal is served');
  t.type(await findShared(), 'number');
});

t.test('what ends with a unit of systemd serves for that unit', async (t) => {
  const unit = '/system.slice/web.service';
  t.equal(serviceOf(`0::${unit}\n`), unit);
  t.equal(serviceOf(`12:pids:/other\n1:name=systemd:${unit}/payload\n0::${unit}/payload\n`), unit);
  const manager = '/user.slice/user-1000.slice/user@1000.service';
  t.equal(serviceOf(`0::${manager}/app.slice/web.service\n`), `${manager}/app.slice/web.service`);
  t.equal(serviceOf(`0::${manager}/user.slice/podman-17.scope\n`), manager, 'those of each podman are one');
  for (const none of ['', '0::/\n', '0::/user.slice/user-0.slice/session-3.scope\n', '0::/a.services/x\n']) {
    t.equal(serviceOf(none), '', none);
  }
});

t.test('whoever does not wait for the answer has no mount', programs, async (t) => {
  const place = makePlace(t);
  const [one, two] = [place.union(), place.union()];
  t.equal((await place.mount(one)).code, 0);
  await run(python[0], [...python.slice(1), meetingPlace().path, requestOf(two)]);
  await t.resolves(place.mount(two), 'its upper is free again');
  t.ok(isMounted(two.at));
});

t.test('a call with other privileges has a process of its own', programs, async (t) => {
  const place = makePlace(t);
  const [one, two] = [place.union(), place.union()];
  t.equal((await place.mount(one)).code, 0);
  const before = ['setpriv', '--bounding-set=-sys_time'];
  const outcome = await runProgram(['-o', `${two.options},shared`, two.at], { before });
  t.match(outcome, { code: 0, stderr: '' });
  const pid = await findShared();
  await umount(one.at);
  await until(() => pid === undefined || !existsSync(`/proc/${String(pid)}/ns/mnt`), 'the first ends');
  t.equal(readFileSync(join(two.at, 'a'), 'utf8'), 'lower', 'the second goes on');
  await umount(two.at);
});

t.test('a directory that is not ours alone is not used', needs('root'), (t) => {
  const { path } = makeScratch(t);
  const make = (name: string): string => {
    mkdirSync(join(path, name), { mode: 0o700 });
    return join(path, name);
  };
  const [foreign, open, elsewhere] = [make('foreign'), make('open'), make('elsewhere')];
  chownSync(foreign, 1000, 1000);
  chmodSync(open, 0o750);
  const link = join(path, 'link');
  symlinkSync(elsewhere, link);
  for (const bad of [foreign, open, link, join(path, 'none/below')]) {
    t.equal(findPrivateDirectory([bad]), undefined, bad);
  }
  const made = join(path, 'made');
  t.equal(findPrivateDirectory([foreign, made]), made);
  t.equal(findPrivateDirectory([made]), made, 'also when it is there');
  t.end();
});

t.test('the standing of a process', (t) => {
  t.equal(findStanding(process.pid), findStanding('self'));
  t.equal(findStanding(2 ** 30), undefined, 'there is none');
  t.end();
});
