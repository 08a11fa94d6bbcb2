/** A damaged record of a mount stopped every command, later the ends of all other mounts, and nothing mended it. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { containerNeeds, makeStrata, programPath } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';
import { shell } from '../store/fixtures/stage.ts';

t.test('a record that is no JSON', needs(...containerNeeds), async (t) => {
  const { run, get, root, scratch } = makeStrata(t);
  const { runRoot } = JSON.parse(get('info', '--json')) as { runRoot: string };
  const place = scratch.directory('place');
  get('mount', 'base', place);
  const records = join(runRoot, 'mounts');
  const [name = ''] = readdirSync(records);
  const file = join(records, name);
  writeFileSync(file, '{');
  t.match(run('images'), { status: 0, stdout: /^base /m });
  const found = run('system', 'check', '--repair');
  t.match(found, { status: 2, stdout: new RegExp(`^mount-record: ${file}: .*no layer is mounted`, 'm') });
  t.ok(readdirSync(records).includes(name), 'what it keeps is mounted');
  t.equal(run('rmi', 'base').status, 1);
  // Where nothing is mounted that it could be of.
  const alone = `for place in $(awk '$1 ~ /^strata-/ { print $2 }' /proc/mounts); do umount -l "$place"; done
    ${programPath} --root ${root} system check --repair`;
  t.match(
    shell(
      '/',
      `umount ${place}; unshare --mount --propagation private bash -euc '${alone.replaceAll("'", `'\\''`)}'`,
    ),
    new RegExp(`^mended mount-record: ${file}: `, 'm'),
  );
  t.notOk(readdirSync(records).includes(name));
  get('rmi', 'base');
});

t.test('sound mounts beside it', needs(...containerNeeds), (t) => {
  const { run, get, root, scratch } = makeStrata(t);
  const { runRoot } = JSON.parse(get('info', '--json')) as { runRoot: string };
  const [place, other] = [scratch.directory('place'), scratch.directory('other')];
  const record = (name: string): string => join(runRoot, 'mounts', `${name.repeat(16)}.json`);
  const [damaged, stale] = [record('1'), record('0')];
  get('mount', 'base', place);
  const [name = ''] = readdirSync(join(runRoot, 'mounts'));
  const facts = JSON.parse(readFileSync(join(runRoot, 'mounts', name), 'utf8')) as {
    readonly namespace: string;
    readonly layers: readonly string[];
  };
  get('run', '-d', '--name', 'box', 'base', 'sleep', '1000');
  writeFileSync(damaged, '{');
  const { namespace, layers } = facts;
  const dead = { target: '/nowhere', title: '', maker: { pid: 2 ** 30, start: '0' }, holders: [] };
  writeFileSync(stale, JSON.stringify({ ...dead, namespace, layers }));
  for (const words of [['check'], ['check', '--repair']])
    t.match(run('system', ...words), {
      status: 2,
      stdout: new RegExp(`^mount-record: ${damaged}: `, 'm'),
    });
  t.notOk(existsSync(stale));
  t.match(get('ps'), /box/);
  t.match(run('info'), { status: 0 });
  get('mount', 'base', other);
  get('umount', other);
  get('create', '--name', 'made', 'base', 'true');
  get('stop', '-t', '0', 'box');
  get('umount', place);
  t.notMatch(readFileSync('/proc/mounts', 'utf8'), root, 'nothing stays mounted');
  for (const words of ['rm made', 'prune -f'])
    t.match(run(...words.split(' ')), { stderr: /is damaged/ }, words);
  t.match(get('ps', '-a'), /made/);
  rmSync(damaged);
  get('rm', 'made');
  t.end();
});
