/**
 * Many containers at once, building and running. Everything that they print is right, nothing is left running or mounted,
 * and the server of a container that lives through it all is no larger in the end than when all had begun.
 *
 * Three for ten seconds, in a full run eight for half a minute; STRATA_CROWD=50 STRATA_CROWD_SECONDS=600 are other numbers.
 */
import t, { type Test } from 'tap';
import { needs } from '../fixtures/needs.ts';
import { baseNeeds, full, numberFrom } from './fixtures/extent.ts';
import { openHost, type Host } from './fixtures/host.ts';
import { baseTree } from './fixtures/base-tree.ts';
import { makePodmanStore, type PodmanStore } from './fixtures/podman-store.ts';

const crowd = {
  workers: numberFrom('STRATA_CROWD', full ? 8 : 3),
  seconds: numberFrom('STRATA_CROWD_SECONDS', full ? 30 : 10),
};
const allowedGrowthKiB = 32 * 1024;

/** What one worker does again and again: `$1` is a number that nobody else has. */
const run = `
said=$(podman run --rm -v "lasting:/shared" base:1 sh -euc '
  rm -rf /usr/share/doc; mkdir /usr/share/doc; cp -a /etc /srv/etc; mv /srv/etc /srv/moved; ln /bin/true /srv/link
  for i in 1 2 3 4 5; do echo $1.$i >> /etc/fstab; done; sort -u /etc/fstab | grep -c "^$1\\."; ls -A /usr/share/doc
  diff -r --no-dereference /srv/moved/alternatives /etc/alternatives; touch "/shared/$1"; rm "/shared/$1"' sh "$1")
test "$said" = 5
podman exec lasting sh -euc 'cp -a /etc "/srv/$1"; diff -r --no-dereference /etc "/srv/$1"; rm -rf "/srv/$1"' sh "$1"`;

const build = `
printf 'FROM base:1\\nRUN rm -rf /usr/share/doc && mkdir /usr/share/doc && echo %s > /usr/share/doc/made\\nRUN mv /etc/alternatives /srv/\\n' "$1" |
  podman build -q --no-cache -t "built:$1" -f - . >/dev/null
said=$(podman run --rm "built:$1" sh -c 'cat /usr/share/doc/*; test ! -e /etc/alternatives')
test "$said" = "$1"
podman rmi "built:$1" >/dev/null`;

t.setTimeout((crowd.seconds + 600) * 1000);
t.test(
  `${String(crowd.workers)} containers at once for ${String(crowd.seconds)} s`,
  needs('root', 'fuse', 'build', 'program:podman', ...baseNeeds),
  async (t) => {
    const host = await openHost();
    t.teardown(() => host.close());
    const base = await baseTree(host);
    const store = await makePodmanStore(host, { driver: 'stratafs', asUser: false, base });
    await store.run(
      `podman run -d --name lasting base:1 sh -c 'trap "exit 0" TERM; while :; do sleep 0.2; done' >/dev/null`,
    );
    const before = await serverKiB(store);
    const rounds = await gather(t, store, before);
    t.comment(`${String(rounds)} rounds, the server of the one that lasts: ${String(before)} KiB at first`);
    t.ok(rounds >= crowd.workers, 'every worker has done something');
    await store.run(
      'podman stop -t 5 lasting >/dev/null; podman rm lasting >/dev/null; podman volume rm lasting >/dev/null',
    );
    t.equal(
      await store.run('podman ps -aq; podman images -q --filter dangling=true; podman volume ls -q'),
      '',
      'nothing is left in the store',
    );
    await nothingLeft(t, host);
  },
);

/** Runs all workers until time is up. Resolves to the number of rounds. */
async function gather(t: Test, store: PodmanStore, before: number): Promise<number> {
  const deadline = Date.now() + crowd.seconds * 1000;
  let number = 0;
  let begun = before;
  let rounds = 0;
  await Promise.all(
    Array.from({ length: crowd.workers }, async (_, worker) => {
      for (let round = 0; round === 0 || Date.now() < deadline; round++) {
        const script = (worker + round) % 3 === 0 ? build : run;
        try {
          await store.run(`set -- n${String(++number)}\n${script}`);
        } catch (thrown) {
          t.fail(String(thrown));
          return;
        }
        rounds++;
        if (rounds === crowd.workers) begun = await serverKiB(store);
      }
    }),
  );
  const last = await serverKiB(store);
  t.comment(`its server: ${String(begun)} KiB once all had begun, ${String(last)} KiB in the end`);
  t.ok(last - begun < allowedGrowthKiB, 'it has not grown');
  return rounds;
}

/** Resident memory of the server of the container that lasts: its mount point is in its arguments. */
async function serverKiB(store: PodmanStore): Promise<number> {
  const script = `
    at=$(podman inspect --format '{{.GraphDriver.Data.MergedDir}}' lasting)
    for process in /proc/[0-9]*; do
      if grep -qsF "$at" "$process/cmdline" && grep -qs stratafs "$process/cmdline"; then
        awk '/^VmRSS/ { print $2 }' "$process/status"
      fi
    done`;
  return Number((await store.run(script)).trim().split('\n')[0]);
}

/** All that there was before is the first process of the host and what it waits for. */
async function nothingLeft(t: Test, host: Host): Promise<void> {
  const look = `
    for try in $(seq 100); do
      left=$(ps -e -o comm= | grep -v -e '^sh$' -e '^cat$' -e '^ps$' -e '^grep$' -e '^sleep$' || :)
      [ -n "$left" ] || break
      sleep 0.1
    done
    echo "$left"; grep -F "$1/" /proc/self/mountinfo | grep fuse | grep -v ' /dev/fuse ' || :`;
  t.equal((await host.run(['sh', '-euc', look, 'sh', host.path])).trim(), '', 'no process, no mount');
}
