/**
 * Where the modes of a layer bind the server, each open file costs it a descriptor. Files that are opened again and again were kept
 * open there as well, a thousand of them, until it had no descriptor left for anything.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { makeScratch, programPath } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const most = 256;

t.test('files that were read cost no descriptor', needs(...mountNeeds, 'program:setpriv'), (t) => {
  const scratch = makeScratch(t);
  const [lower, upper, work, at] = ['lower', 'upper', 'work', 'mnt'].map((name) => scratch.directory(name));
  const names = Array.from({ length: 2 * most }, (_, n) => `file${String(n)}`);
  for (const name of names) writeFileSync(`${lower!}/${name}`, name);
  const options = `lowerdir=${lower!},upperdir=${upper!},workdir=${work!}`;
  const withoutOverride = ['--bounding-set', '-dac_override,-dac_read_search'];
  const start = `ulimit -n ${String(most)} && exec ${programPath} -o ${options} ${at!}`;
  execFileSync('setpriv', [...withoutOverride, 'bash', '-c', start]);
  t.teardown(() => execFileSync('umount', [at!]));
  const read = execFileSync('cat', names, { cwd: at!, encoding: 'utf8' });
  t.equal(read, names.join(''));
  execFileSync('touch', [`${at!}/new`]);
  t.end();
});
