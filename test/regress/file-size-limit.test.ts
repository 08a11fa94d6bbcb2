/** A limit of file sizes (`ulimit -f`) of whoever mounts bound all who wrote in the mount, and what was kept back failed in close(2). */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { programPath, unionOptions } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

for (const way of ['passthrough=auto', 'passthrough=off', 'writeback=0']) {
  t.test(`only the limit of who writes counts, ${way}`, needs(...mountNeeds), async (t) => {
    const { scratch, lower, upper, work } = await makePlace(t, 'head -c 1000000 /dev/zero >low');
    const at = scratch.directory('mounted');
    const options = unionOptions({ lower: [lower], upper, work, options: [way] });
    execFileSync('bash', ['-c', 'ulimit -Sf 100; exec "$@"', 'bash', programPath, '-o', options, at]);
    t.teardown(() => shell(scratch.path, `umount ${at}`).then(() => undefined));
    const script = `dd if=/dev/zero of=new bs=64k count=40 status=none; echo more >>low; wc -c <new; wc -c <low
      (ulimit -f 100; trap '' XFSZ; dd if=/dev/zero of=bound bs=64k count=40) 2>&1 | grep -o 'File too large'`;
    t.equal(await shell(at, script), '2621440\n1000005\nFile too large');
  });
}
