/**
 * An upper whose file system makes no character device 0/0, as that in another union: nothing of the lower layers could
 * be removed or renamed (EPERM). Whiteouts are files with an attribute there. Where there are no attributes either,
 * who mounts is told.
 */
import t, { type Test } from 'tap';
import {
  makeScratch,
  programPath,
  unionOptions,
  type Scratch,
  type UnionOptions,
} from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

interface Inside {
  /** Where the layers are not. */
  readonly scratch: Scratch;
  readonly layers: UnionOptions & { readonly upper: string };
}

/** Layers that lie in a union: the lower one in its lower layer. */
async function makeInside(t: Test, union: 'ours' | 'kernel', options: string[] = []): Promise<Inside> {
  const outer = await makePlace(
    t,
    'mkdir -p lower/dir; for f in file dir/a dir/b; do echo low >lower/$f; done',
  );
  const { lower, upper, work } = outer;
  const { path } =
    union === 'ours'
      ? await outer.mount(options)
      : await outer.scratch.kernelOverlay({ lower: [lower], upper, work });
  await shell(path, 'mkdir upper work');
  const layers = { lower: [`${path}/lower`], upper: `${path}/upper`, work: `${path}/work` };
  return { scratch: makeScratch(t), layers };
}

const list = 'find . -mindepth 1 -printf "%P %y\\n" | sort';
const change = `rm file; mv dir/a dir/c; rm dir/b; touch dir/b; mkdir file; mv dir moved; ${list}`;
const shown = 'file d\nmoved d\nmoved/b f\nmoved/c f';

for (const union of ['ours', 'kernel'] as const) {
  t.test(`what goes stays away: in a union, ${union}`, needs(...mountNeeds, 'overlayfs'), async (t) => {
    const { scratch, layers } = await makeInside(t, union);
    const mount = await scratch.mount(layers);
    t.equal(await shell(mount.path, change), shown);
    t.notMatch(mount.log(), /whiteouts/);
    await mount.end();
    const again = await scratch.mount(layers);
    t.equal(await shell(again.path, list), shown);
    t.equal(await shell(again.path, `rm -r moved; mkdir dir; ${list}`), 'dir d\nfile d');
    await again.end();
    const below = await scratch.mount({ lower: [layers.upper, ...layers.lower] });
    t.equal(await shell(below.path, list), 'dir d\nfile d', 'the tree as a lower layer');
  });
}

t.test('an upper that was copied to a disk', needs(...mountNeeds, 'overlayfs'), async (t) => {
  const { scratch, layers } = await makeInside(t, 'kernel');
  const mount = await scratch.mount(layers);
  await shell(mount.path, 'rm file dir/a');
  await mount.end();
  const copy = { lower: layers.lower, upper: `${scratch.path}/upper`, work: scratch.directory('work') };
  await shell(scratch.path, `cp -a '${layers.upper}' upper`);
  const copied = await scratch.mount(copy);
  t.equal(await shell(copied.path, list), 'dir d\ndir/b f');
  t.equal(await shell(copied.path, `rm dir/b; touch dir/a; ${list}`), 'dir d\ndir/a f');
  await copied.end();
  const again = await scratch.mount(copy);
  t.equal(await shell(again.path, list), 'dir d\ndir/a f');
  await again.end();
  await shell(scratch.path, `'${programPath}' --settle -o ${unionOptions(copy)}`);
  const below = await scratch.kernelOverlay({ lower: [copy.upper, ...copy.lower] });
  t.equal(await shell(below.path, list), 'dir d\ndir/a f', 'settled, as a lower layer of the kernel');
  await below.unmount();
  const theirs = await scratch.kernelOverlay(copy);
  t.equal(await shell(theirs.path, list), 'dir d\ndir/a f', 'and as an upper');
  t.equal(await shell(copy.upper, 'getfattr -dR -m overlay.opaque -m whiteout . 2>/dev/null'), '');
});

t.test('a directory goes whatever its marks say', needs(...mountNeeds, 'overlayfs'), async (t) => {
  const { scratch, layers } = await makeInside(t, 'kernel');
  const { upper } = layers;
  const other = scratch.directory('other');
  await shell(other, 'mkdir e');
  const mount = await scratch.mount(layers);
  await shell(mount.path, 'rm dir/a');
  await mount.end();
  // It becomes opaque where it goes.
  const moved = await scratch.mount({ ...layers, lower: [other] });
  t.equal(await shell(moved.path, `rmdir e; mv dir e; ${list}`), 'e d');
  await moved.end();
  const again = await scratch.mount({ ...layers, lower: [other] });
  t.equal(await shell(again.path, `rmdir e; ${list}`), '');
  await again.end();
  t.equal(await shell(upper, 'ls'), 'e');
});

t.test('the tree as the only lower layer', needs(...mountNeeds, 'overlayfs'), async (t) => {
  const { scratch, layers } = await makeInside(t, 'kernel');
  const mount = await scratch.mount(layers);
  await shell(mount.path, 'rm dir/a dir/b');
  await mount.end();
  const above = { upper: scratch.directory('upper'), work: scratch.directory('work') };
  const alone = await scratch.mount({ ...above, lower: [layers.upper] });
  t.equal(await shell(alone.path, `rmdir dir; ${list}`), '');
});

t.test('settled in a union, it stays ours alone', needs(...mountNeeds, 'overlayfs'), async (t) => {
  const { scratch, layers } = await makeInside(t, 'kernel');
  const off = ['metacopy=off', 'redirect_dir=off', 'index=off'];
  for (const options of [[], off]) {
    const mount = await scratch.mount({ ...layers, options });
    await shell(mount.path, 'rm -f dir/a');
    await mount.end();
    const said = await shell(
      scratch.path,
      `'${programPath}' --settle -o ${unionOptions({ ...layers, options })}`,
    );
    t.match(said, /whiteouts are files with an attribute here/);
    const marks = await shell(layers.upper, 'getfattr -n trusted.overlay.opaque .');
    t.match(marks, /run stratafs --settle first/, 'fuse-overlayfs does not mount it');
    const again = await scratch.mount({ ...layers, options });
    t.equal(await shell(again.path, 'ls dir'), 'b');
    await again.end();
  }
});

t.test(
  'in fuse-overlayfs, which takes the device for its own',
  needs(...mountNeeds, 'program:fuse-overlayfs'),
  async (t) => {
    const outer = await makePlace(t, 'mkdir lower; echo low >lower/file');
    const at = outer.scratch.directory('theirs');
    const options = unionOptions({ lower: [outer.lower], upper: outer.upper, work: outer.work });
    await shell(at, `cd /; fuse-overlayfs -o ${options} '${at}'`);
    t.teardown(() => shell('/', `umount '${at}'`));
    await shell(at, 'mkdir upper work');
    const inner = makeScratch(t);
    const mount = await inner.mount({
      lower: [`${at}/lower`],
      upper: `${at}/upper`,
      work: `${at}/work`,
      options: ['userxattr'],
    });
    t.match(mount.log(), /takes no whiteouts/);
    t.match(
      await shell(mount.path, 'mv file moved || true; rm file || true; ls'),
      /not permitted[^]*not permitted[^]*\nfile$/,
    );
  },
);

t.test('no attributes: a warning at the mount', needs(...mountNeeds), async (t) => {
  const { scratch, layers } = await makeInside(t, 'ours', ['noxattrs=1']);
  const mount = await scratch.mount(layers);
  t.match(mount.log(), /takes no whiteouts .* put upperdir and workdir on another file system/);
  t.match(await shell(mount.path, 'echo new >new; rm new; rm file || true'), /not permitted/);
  t.match(await shell(mount.path, 'mv file moved || true'), /not permitted/);
  t.equal(await shell(mount.path, 'ls'), 'dir\nfile');
  await mount.end();
  t.equal(await shell((await scratch.mount(layers)).path, 'ls'), 'dir\nfile');
});

t.test('a rename that asks for a whiteout is refused, as by the kernel', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, 'echo low >low');
  const mount = await place.mount();
  const rename = (from: string): string =>
    `python3 -c 'import ctypes; c = ctypes.CDLL(None, use_errno=True);` +
    ` print(c.syscall(316, -100, b"${from}", -100, b"moved", 4), ctypes.get_errno())'`;
  const script = `touch up; ${rename('up')}; ${rename('low')}; ls`;
  t.equal(await shell(mount.path, script), '-1 22\n-1 22\nlow\nup');
});
