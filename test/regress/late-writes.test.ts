/**
 * The kernel of a write-back cache tells the time of a write while large writes of it are under way: what they put
 * back is that time, and none that they have found.
 */
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import t from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const run = promisify(execFile);

/** syncfs(2) writes an inode as soon as its data is on the way, as the kernel does by itself after some time. */
const script = `
import ctypes, os, sys
fd = os.open('f', os.O_RDWR)
for _ in range(int(sys.argv[1])):
    os.write(fd, bytes(1 << 20))
assert ctypes.CDLL(None).syncfs(fd) == 0
os.close(fd)
print(os.stat('f').st_mtime_ns)
`;

for (const [what, megabytes] of [
  ['one write', '1'],
  ['several writes', '16'],
] as const) {
  t.test(`the time of ${what} on the way`, needs(...mountNeeds), async (t) => {
    const scratch = makeScratch(t);
    const lower = scratch.directory('lower');
    const [upper, work] = [scratch.directory('upper'), scratch.directory('work')];
    await run('touch', ['-d', '2001-01-01', `${upper}/f`]);
    const mounted = await scratch.mount({ lower: [lower], upper, work, options: ['passthrough=off'] });
    const { stdout } = await run('python3', ['-c', script, megabytes], { cwd: mounted.path });
    await mounted.end();
    t.equal(String(statSync(`${upper}/f`, { bigint: true }).mtimeNs), stdout.trim());
  });
}
