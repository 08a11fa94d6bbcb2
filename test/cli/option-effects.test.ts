/** Options that other mount programs have, each with what it does to a mount, and the mount without it beside. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell, type Place } from '../regress/fixtures/shell.ts';

const need = needs(...mountNeeds, 'program:setfacl', 'program:setfattr');

/** What a script says in a mount without the option, and then with it. */
async function both(t: Test, layer: string, option: string, script: string): Promise<[string, string]> {
  const place = await makePlace(t, layer);
  const said: string[] = [];
  for (const options of [[], [option]]) {
    const mounted = await place.mount(options);
    said.push(await shell(mounted.path, script));
    await mounted.end();
  }
  return said as [string, string];
}

t.test('static_nlink: directories have one link', need, async (t) => {
  const script =
    'stat -c %h d f; rmdir d/gone 2>/dev/null || true; exec 3<d/other; rmdir d/other; stat -Lc %h /dev/fd/3';
  const [without, with_] = await both(
    t,
    'mkdir -p d/a d/b d/gone; touch f',
    'static_nlink',
    `mkdir -p d/other; ${script}`,
  );
  t.equal(without.split('\n').slice(1).join(), '1,0');
  t.equal(with_, '1\n1\n0', 'a directory that was removed has none');
  const plain = await makePlace(t, 'mkdir -p d/a d/b');
  const counted = await plain.mount();
  t.equal(await shell(counted.path, 'stat -c %h d'), '4');
  await counted.end();
  const one = await plain.mount(['static_nlink']);
  t.equal(await shell(one.path, 'stat -c %h d'), '1');
});

t.test('ino32_t: short numbers that are still different, over two file systems', need, async (t) => {
  const place = await makePlace(t, 'mkdir d; for n in 1 2 3 4 5 6 7 8; do touch d/$n; done');
  const other = '/dev/shm';
  const second = await shell(
    other,
    'd=$(mktemp -dp .); d=$PWD/${d#./}; cd $d; mkdir d; for n in a b c d e f g h; do touch d/$n; done; echo $d',
  );
  t.teardown(() => shell('/', `rm -rf ${second}`));
  const union = { lower: [second, place.lower], upper: place.upper, work: place.work };
  const numbers = async (options: readonly string[]): Promise<bigint[]> => {
    const mounted = await place.scratch.mount({ ...union, options });
    const said = await shell(mounted.path, `stat -c %i d/*; ls -i d | awk '{print $1}'`);
    await mounted.end();
    const all = said.split('\n').map(BigInt);
    t.strictSame(all.slice(0, 16).map(String), all.slice(16).map(String), 'readdir and stat agree');
    return all.slice(0, 16);
  };
  t.ok(
    (await numbers([])).some((number) => number >= 2n ** 32n),
    'without it some are long',
  );
  const short = await numbers(['ino32_t']);
  t.ok(short.every((number) => number > 0n && number < 2n ** 32n));
  t.equal(new Set(short).size, 16);
});

t.test('noacl: no access control lists, neither seen, set, nor heeded', need, async (t) => {
  const layer =
    'mkdir d; echo secret >d/f; chmod 600 d/f; setfacl -m u:65534:r d/f; setfattr -n user.a -v 1 d/f';
  const script = `
    setpriv --reuid 65534 --regid 65534 --clear-groups cat d/f || true
    getfacl -cpn d/f | grep user:65534 || true
    setfacl -m u:1:r d/f || true
    getfattr --only-values -n user.a d/f`;
  const [without, with_] = await both(t, layer, 'noacl', script);
  t.equal(without, 'secret\nuser:65534:r--\n1');
  t.match(with_, /Permission denied\n.*Operation not supported\n1$/s);
  t.notMatch(with_, /secret|65534/);
});

t.test('noxattrs: no extended attributes, but the layers keep theirs', need, async (t) => {
  const place = await makePlace(t, 'echo 1 >f; setfattr -n user.a -v 1 f');
  const mounted = await place.mount(['noxattrs=1']);
  const script =
    'getfattr -n user.a f || true; setfattr -n user.b -v 2 f || true; getfattr -d f || true; chmod 700 f';
  t.equal((await shell(mounted.path, script)).match(/Operation not supported/g)?.length, 3);
  t.match(await shell(mounted.path, 'getfattr --only-values -n user.strata.state f'), 'metacopy');
  await mounted.end();
  t.equal(await shell(place.upper, 'getfattr --only-values -n user.a f'), '1');
});

/** How many requests to read and to write a script makes. */
async function requests(place: Place, options: readonly string[], script: string): Promise<[number, number]> {
  const mounted = await place.mount(['passthrough=off', ...options]);
  await shell(mounted.path, script);
  const stats = await shell(mounted.path, 'getfattr --only-values -n user.strata.stats .');
  await mounted.end();
  const { READ = 0, WRITE = 0 } = (JSON.parse(stats) as { requests: Record<string, number> }).requests;
  return [READ, WRITE];
}

t.test('max_read and max_write: how much one request carries', need, async (t) => {
  const place = await makePlace(t, 'head -c 1048576 /dev/zero >f');
  const script = 'cat f >/dev/null; head -c 1048576 /dev/zero | dd of=g bs=1M iflag=fullblock status=none';
  const [reads, writes] = await requests(place, ['writeback=0'], script);
  t.ok(reads <= 16 && writes <= 2, `${String(reads)} and ${String(writes)}`);
  const [, shortWrites] = await requests(place, ['writeback=0', 'max_write=65536'], script);
  t.equal(shortWrites, 16);
  const [shortReads] = await requests(place, ['writeback=0', 'max_read=16384'], script);
  // The first 64 KiB are there before they are asked for (fuse/kernel/first-data.ts).
  t.ok(shortReads >= 60, String(shortReads));
});

t.test('writeback=0: each write comes to the server', need, async (t) => {
  const place = await makePlace(t, '');
  const script = 'dd if=/dev/zero of=f bs=1 count=100 status=none';
  const [, kept] = await requests(place, ['writeback=1'], script);
  const [, written] = await requests(place, ['writeback=0'], script);
  t.ok(kept < 10, String(kept));
  t.equal(written, 100);
});

t.test('private, slave, unbindable: how the mount spreads', need, async (t) => {
  const place = await makePlace(t, '');
  const shared = join(place.scratch.path, 'shared');
  mkdirSync(shared);
  await shell('/', `mount -t tmpfs tmpfs ${shared} && mount --make-shared ${shared} && mkdir ${shared}/at`);
  t.teardown(() => shell('/', `umount ${shared}`));
  const union = { lower: [place.lower], at: join(shared, 'at') };
  for (const [option, field] of [
    ['ro', /shared:\d+/],
    ['private', /^$/],
    ['rprivate', /^$/],
    ['slave', /^(master:\d+)?$/],
    ['unbindable', /unbindable/],
  ] as const) {
    const mounted = await place.scratch.mount({ ...union, options: [option] });
    const line =
      readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .find((one) => one.includes(` ${union.at} `)) ?? '';
    const [, , , , , , ...rest] = line.split(' ');
    t.match(rest.slice(0, rest.indexOf('-')).join(' '), field, option);
    await mounted.end();
  }
});

t.test('a label for SELinux is left out where there is none, as mount(8) does', need, async (t) => {
  const place = await makePlace(t, 'touch f');
  const { path } = await place.mount(['context="system_u:object_r:container_file_t:s0:c1,c2"']);
  t.equal(await shell(path, 'ls'), 'f');
});
