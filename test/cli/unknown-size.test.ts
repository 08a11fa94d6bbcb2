/** A layer that somebody else has mounted cannot be measured: listings tell of all else. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { containerNeeds, makeStrata, programPath } from './fixtures/strata.ts';

t.test('one of two sizes is not known', needs(...containerNeeds), async (t) => {
  const { run, get, scratch } = makeStrata(t);
  get('run', '--name', 'free', 'base', 'sh', '-c', 'echo 12345 > /f');
  get('run', '--name', 'taken', 'base', 'sh', '-c', 'echo 12345 > /f');
  const upper = get('inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', 'taken');
  const [lower, mountPoint] = [`${scratch.path}/lower`, `${scratch.path}/mnt`];
  for (const path of [lower, mountPoint]) mkdirSync(path);
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${dirname(upper)}/work`;
  execFileSync(`${dirname(programPath)}/stratafs`, ['-o', options, mountPoint], { stdio: 'ignore' });
  try {
    const stderr = /the size of taken is not known: .* is being written/;
    t.match(run('ps', '-as'), { status: 0, stdout: /taken +unknown\n.* free +6B \(virtual /, stderr });
    t.match(run('ps', '-a', '--format', '{{.Names}} {{.Size}}'), {
      status: 0,
      stdout: /^taken unknown$/m,
      stderr,
    });
    const rows = JSON.parse(run('ps', '-as', '--json').stdout) as object[];
    t.match(rows, [
      { name: 'taken', size: null },
      { name: 'free', size: 6 },
    ]);
    const df = run('system', 'df', '-v');
    t.match(df, { status: 0, stdout: / unknown .* taken\n.* 6B .* free\n[^]*Local Volumes/, stderr });
  } finally {
    execFileSync('umount', [mountPoint]);
  }
  t.match(run('ps', '-as'), { stdout: /taken +6B/, stderr: '' });
});
