/** A damaged record of a mount stopped every command, and nothing mended it. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { shell } from '../store/fixtures/stage.ts';
import { containerNeeds, makeStrata, programPath } from '../cli/fixtures/strata.ts';

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
