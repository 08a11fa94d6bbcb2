/**
 * A store through a shared mapping changes times without a request. Who asks for no other time than these, as
 * stat(1) does, must not get what the kernel knew before the file was opened.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const run = promisify(execFile);

const script = `
  head -c 8192 /dev/zero > f
  stat -c '%y %z' f
  sleep 0.05
  python3 -c 'import mmap, os; m = mmap.mmap(os.open("f", os.O_RDWR), 8192); m[5000] = 1; m.close()'
  stat -c '%y %z' f`;

for (const passthrough of ['auto', 'off']) {
  t.test(`mapped, written and closed, passthrough=${passthrough}`, needs(...mountNeeds), async (t) => {
    const scratch = makeScratch(t);
    const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => scratch.directory(name));
    const options = [`passthrough=${passthrough}`];
    const { path } = await scratch.mount({
      lower: [lower ?? ''],
      upper: upper ?? '',
      work: work ?? '',
      options,
    });
    const { stdout } = await run('sh', ['-ec', script], { cwd: path });
    const [before, after] = stdout.trim().split('\n');
    t.not(after, before);
  });
}
