/**
 * Attributes that were asked for in vain are answered without the engine from then on (`absences.ts`): whatever gives
 * a file some, by whichever name and descriptor, is seen at once.
 */
import { strict as assert } from 'node:assert';
import t, { type Test } from 'tap';
import { needs, mountNeeds } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

/** Asks for everything that programs ask for, of everything there is, twice. */
const ask = `ask() { for i in 1 2; do ls -lR . >/dev/null; find . -exec getfattr -h -d -m- {} + >/dev/null 2>&1 || true
  find . -exec getcap {} + || true; done; }`;

const lower = 'mkdir d; for f in a b c d/e; do echo $f >$f; done; ln a twin; ln -s a link';

async function play(t: Test, script: string, options: readonly string[]): Promise<void> {
  const place = await makePlace(t, lower);
  const mount = await place.mount(options);
  await shell(mount.path, `${ask}\nask\n${script}`);
  await mount.end();
  const again = await place.mount(options);
  // What the script says of the end of it is so in a fresh mount, too.
  const [, check] = script.split('# Then:\n');
  assert(check !== undefined);
  await shell(again.path, `${ask}\n${check}\nask\n${check}`);
}

for (const option of ['metacopy=on', 'metacopy=off', 'passthrough=off', 'coherence=relaxed', 'timeout=0']) {
  t.test(`attributes that come later: ${option}`, needs(...mountNeeds), async (t) => {
    await play(
      t,
      `setfattr -n user.one -v 1 a
       setfattr -n trusted.two -v 2 d
       setfattr -h -n trusted.three -v 3 link
       setcap cap_net_raw+ep b
       setfacl -m u:7:r c; setfacl -d -m u:7:rwx d
       echo new >d/new; mkdir d/dir
       # Then:
       test "$(getfattr --only-values -n user.one a)" = 1
       test "$(getfattr --only-values -n user.one twin 2>/dev/null)" = 1
       test "$(getfattr --only-values -n trusted.two d)" = 2
       test "$(getfattr -h --only-values -n trusted.three link)" = 3
       getcap b | grep -q cap_net_raw
       getfattr -d -m- b | grep -q security.capability
       getfacl -n c 2>/dev/null | grep -q user:7:r
       getfacl -n d/new 2>/dev/null | grep -q user:7:
       getfacl -n d/dir 2>/dev/null | grep -q default:user:7:rwx
       test -z "$(getfattr -d -m- d/e)"
       getfattr -n user.strata.state d/e | grep -q lower`,
      [option],
    );
  });

  t.test(`on files that were just made: ${option}`, needs(...mountNeeds), async (t) => {
    await play(
      t,
      `echo x >new; exec 5>>new; echo y >&5
       ask
       setcap cap_net_raw+ep new; getcap new | grep -q cap_net_raw
       echo z >&5
       test -z "$(getcap new)"
       setfattr -n user.one -v 1 /proc/self/fd/5
       mv new d/moved; ln d/moved other; ask
       setfattr -n user.two -v 2 other
       setfattr -x user.one d/moved
       # Then:
       test "$(getfattr --only-values -n user.two d/moved)" = 2
       test "$(getfattr --only-values -n user.two other)" = 2
       ! getfattr -n user.one other 2>/dev/null`,
      [option],
    );
  });
}

t.test('where there are none at all, a new file is no exception', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, lower);
  const { path } = await place.mount(['noxattrs=1']);
  await shell(
    path,
    `echo x >new
     getfattr -n security.capability a 2>&1 | grep -q 'not supported'
     getfattr -n security.capability new 2>&1 | grep -q 'not supported'`,
  );
});

t.test('a name that nothing can have is refused again and again', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, lower);
  const { path } = await place.mount();
  await shell(
    path,
    `${ask}
     refused() { ! getfattr -n security. a 2>said; grep -q 'Invalid argument' said; }
     refused; ask; refused`,
  );
});
