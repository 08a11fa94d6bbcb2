/**
 * What refuses to go stays as it was, and goes once nothing stands in the way: a failed unlink, rmdir or
 * rename leaves nothing behind in memory that a second try would stumble over.
 */
import t from 'tap';
import { RealFs } from '../../src/os/real-fs.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { FaultBench } from '../robust/fixtures/fault-bench.ts';
import { faultCases } from '../robust/fixtures/fault-cases.ts';
import { makePlace, shell } from './fixtures/shell.ts';

const refused = (command: string): string => `if ${command}; then echo "${command} succeeds"; exit 1; fi`;

t.test('an immutable file is removed once it is no longer immutable', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, 'echo low >below');
  const { path } = await place.mount();
  const say = await shell(
    path,
    `for f in new below; do
       echo text >$f; chattr +i $f
       ${refused('rm -f $f')}
       cat $f
       chattr -i $f
       rm $f
       test ! -e $f
     done`,
  );
  t.match(say, /text/);
});

t.test('what is immutable and was to be replaced can be removed', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, 'echo low >below');
  const { path } = await place.mount();
  await shell(
    path,
    `for b in new below; do
       echo a >a; echo b >$b; chattr +i $b
       ${refused('mv -f a $b')}
       test "$(cat $b)" = b
       chattr -i $b
       rm $b
       test ! -e $b
       mv -f a $b
       test "$(cat $b)" = a
     done`,
  );
});

t.test('a directory in an immutable one is removed later', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, 'mkdir -p in/low; echo 1 >in/low/f');
  const mount = await place.mount();
  await shell(
    mount.path,
    `rm in/low/f; mkdir in/new from; touch from/f; chattr +i in
     for d in new low; do ${refused('mv -T from in/$d')}; ls -A in/$d; done
     test -z "$(ls -A in/low)"
     chattr -i in
     rmdir in/new in/low
     for d in new low; do mv -T from in/$d; test -e in/$d/f; mkdir -p from; touch from/f; done`,
  );
  await mount.end();
  const { path } = await place.mount();
  t.equal(await shell(path, 'ls in/low'), 'f');
});

t.test(
  'a second try succeeds after a fault at any system call',
  needs('root', 'overlayfs'),
  async (suite) => {
    const bench = await FaultBench.make(new RealFs());
    suite.teardown(() => bench.end());
    for (const one of faultCases) {
      if (!/^(unlink|rmdir|rename .* over)/.test(one.name)) continue;
      await suite.test(one.name, async (test) => {
        const { faults } = await bench.play(one, 'again');
        test.strictSame(faults, []);
      });
    }
  },
);
