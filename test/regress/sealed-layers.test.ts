/**
 * Append-only and immutable objects of a lower layer, and those whose flags the kernel's overlayfs keeps in an
 * attribute of the upper, are as protected in the merged tree as they are on an overlay of the kernel, which is the
 * oracle.
 */
import t, { type Test } from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

const objects = ['ai/file', 'ai/dir', 'aa/file', 'aa/dir'];

/** What is done to each, in this order; one that fails has done nothing. */
const acts: readonly string[] = [
  'chmod 640 $o',
  'chown 5:5 $o',
  'touch -d 2001-01-01 $o',
  'touch $o',
  'setfattr -n user.x -v 1 $o',
  'setfattr -x user.y $o',
  'mv -T $o $o.moved',
  'ln $o $o.link',
  'unlink $o',
  'mv -fT new $o',
  'dd if=/dev/zero of=$o bs=1 count=1 conv=notrunc',
  'truncate -s 1 $o',
  'dd if=/dev/zero of=$o bs=1 count=1 oflag=append conv=notrunc',
  'dd if=/dev/zero of=$o bs=1 count=1 oflag=append',
  'touch $o/new',
  'mkdir $o/sub/deep $o/new-dir',
  'mv $o/in $o/out',
  'rm $o/in',
  'rmdir $o/empty',
  'chmod 600 $o/sub',
];

const script = `touch new
for o in ${objects.join(' ')}; do
${acts.map((act, i) => `( ${act} ) >/dev/null 2>&1 && echo "$o ${String(i)}: yes" || echo "$o ${String(i)}: no"`).join('\n')}
done
lsattr -d ${objects.join(' ')} | tr -d e-`;

const prepare = `for d in ai aa; do
  mkdir -p $d/dir/sub $d/dir/empty; echo data >$d/file; echo data >$d/dir/in; setfattr -n user.y -v 1 $d/file $d/dir
done`;
const seal = 'chattr +i ai/file ai/dir; chattr +a aa/file aa/dir';
const unseal = 'chattr -R -i -a . 2>/dev/null || true';

async function placeOf(test: Test, where: 'lower' | 'upper') {
  const place = await makePlace(test, `${prepare}; ${where === 'lower' ? seal : ':'}`);
  const options = ['metacopy=on', 'redirect_dir=on', 'index=on', 'xino=auto'];
  const { lower, upper, work, scratch } = place;
  const kernel = () => scratch.kernelOverlay({ lower: [lower], upper, work, options });
  if (where === 'upper') {
    const mounted = await kernel();
    await shell(mounted.path, seal);
    await mounted.unmount();
  }
  // Before the one that removes it.
  test.teardown(() => shell(lower, unseal).then(() => undefined));
  return { ...place, kernel };
}

for (const where of ['lower', 'upper'] as const) {
  t.test(
    `flags of the ${where}`,
    needs(...mountNeeds, 'overlayfs', 'program:chattr', 'program:lsattr', 'program:setfattr'),
    async (test) => {
      const [a, b] = [await placeOf(test, where), await placeOf(test, where)];
      const [theirs, ours] = [await a.kernel(), await b.mount()];
      const expected = await shell(theirs.path, script);
      test.match(expected, /aa\/file 12: yes/);
      test.equal(await shell(ours.path, script), expected);
      await ours.end();
      await theirs.unmount();
      const again = await b.mount();
      test.equal(
        await shell(again.path, script),
        await shell((await a.kernel()).path, script),
        'over a remount',
      );
      await shell(again.path, `chattr -i ai/file ai/dir; chattr -a aa/file aa/dir; rm -r ai aa`);
    },
  );
}
