/** A trial mount whose command was killed goes with its directory: it made every later command fail (EBUSY). */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeStage } from '../store/fixtures/stage.ts';
import { strata } from '../store/fixtures/strata.ts';

t.test('the next command takes it away', needs(...mountNeeds), async (t) => {
  const stage = makeStage(t);
  t.equal((await strata(stage.root, 'images')).code, 0);
  // No process has this number (proc_sys_kernel(5), pid_max).
  const place = join(stage.root, '.trial-99999999-abcdef');
  const target = join(place, 'merged');
  mkdirSync(target, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'trial', target]);
  const { code, stderr } = await strata(stage.root, 'images');
  t.match({ code, stderr }, { code: 0, stderr: '' });
  t.notOk(existsSync(place));
});
