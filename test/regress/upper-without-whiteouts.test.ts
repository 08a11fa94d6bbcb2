/** An upper whose file system makes no character device 0/0, as that in another union: who mounts is told. */
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { makePlace, shell } from './fixtures/shell.ts';

t.test('a warning at the mount', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, 'mkdir lower; echo low >lower/file');
  const outer = await place.mount();
  const inner = makeScratch(t);
  await shell(outer.path, 'mkdir upper work');
  const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => `${outer.path}/${name}`) as [
    string,
    string,
    string,
  ];
  const mount = await inner.mount({ lower: [lower], upper, work });
  t.match(mount.log(), /takes no whiteouts .* put upperdir and workdir on another file system/);
  t.match(await shell(mount.path, 'echo new >new; rm new; rm file || true'), /not permitted/);
});

t.test(
  'a rename that asks for a whiteout leaves none where nothing is below',
  needs(...mountNeeds),
  async (t) => {
    const place = await makePlace(t, 'echo low >low');
    const mount = await place.mount();
    const rename = (from: string, to: string): string =>
      `python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(316, -100, b"${from}", -100, b"${to}", 4))'`;
    const script = `touch up; ${rename('up', 'moved')}; ${rename('low', 'moved')}; ls; ls ${place.upper}`;
    t.equal(await shell(mount.path, script), '0\n0\nmoved\nlow\nmoved');
  },
);
