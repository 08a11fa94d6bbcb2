/**
 * `mountopt = "shared=on"` in storage.conf: the mounts of all containers of one user come from one process. What podman does is the
 * same as with vfs, also where one mount lies on another.
 */
import t, { type Test } from 'tap';
import { needs } from '../fixtures/needs.ts';
import type { Host } from './fixtures/host.ts';
import { baseNeeds } from './fixtures/extent.ts';
import { openPair } from './fixtures/pair.ts';
import type { PodmanStore } from './fixtures/podman-store.ts';
import { compareStores } from './fixtures/scenario.ts';

const need = needs(
  ...(['root', 'fuse', 'build', 'program:podman', 'program:newuidmap', ...baseNeeds] as const),
);
const start = `
for name in one two three; do
  podman run -d --name "$name" base:1 sh -c 'trap "exit 0" TERM; while :; do sleep 0.2; done' >/dev/null
done
seen_by_engine grep -F "$HOME/" /proc/self/mountinfo | grep -c ' fuse.stratafs '`;
const stop = 'podman stop -t 5 --all >/dev/null; podman rm --all >/dev/null';

for (const asUser of [false, true]) {
  t.test(`mounts of ${asUser ? 'an ordinary user' : 'root'} share a process`, need, async (t) => {
    const { host, subject, oracle } = await openPair(t, { asUser, mountOptions: 'shared=on' });
    await compareStores(
      t,
      [
        { name: 'run-and-commit', title: 'run, diff, commit', lines: 150, slow: true },
        { name: 'volumes', title: 'volumes, binds, image mounts', lines: 100 },
      ],
      { subject, oracle },
    );
    await oneProcess(t, host, subject);
  });
}
t.setTimeout(1_800_000);

async function oneProcess(t: Test, host: Host, store: PodmanStore): Promise<void> {
  t.equal((await store.run(start)).trim(), '3', 'a mount for each container');
  t.equal((await servers(host)).length, 1, 'one process has them all');
  await store.run(stop);
  t.strictSame(await servers(host, { ending: true }), [], 'and ends with the last');
}

/** Processes of the host that serve FUSE mounts; waits up to 10 s for those that are `ending`. */
async function servers(host: Host, { ending = false } = {}): Promise<string[]> {
  const look = `
    for try in $(seq "$1"); do
      found=$(grep -ls '^fuse_connection:' /proc/[0-9]*/fdinfo/* | cut -d/ -f3 | sort -u)
      [ -n "$found" ] || break
      sleep 0.1
    done
    echo "$found"`;
  const found = await host.run(['sh', '-uc', look, 'sh', ending ? '100' : '1']);
  return found.split('\n').filter((line) => line !== '');
}
