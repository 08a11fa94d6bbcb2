/** An upper whose file system makes no character device 0/0, as that in another union: who mounts is told. */
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { makePlace, shell } from './fixtures/shell.ts';

/** Of a union over `outer`, which has the lower one already. */
async function layersIn(outer: string): Promise<{ lower: string[]; upper: string; work: string }> {
  await shell(outer, 'mkdir upper work');
  return { lower: [`${outer}/lower`], upper: `${outer}/upper`, work: `${outer}/work` };
}

t.test('a warning at the mount', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, 'mkdir lower; echo low >lower/file');
  const outer = await place.mount();
  const layers = await layersIn(outer.path);
  const mount = await makeScratch(t).mount(layers);
  t.match(mount.log(), /takes no whiteouts .* put upperdir and workdir on another file system/);
  t.match(await shell(mount.path, 'echo new >new; rm new; rm file || true'), /not permitted/);
});

t.test('what is renamed in a union over another does not come back', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, 'mkdir lower; echo low >lower/file');
  const outer = await place.mount();
  const layers = await layersIn(outer.path);
  const inner = makeScratch(t);
  const mount = await inner.mount(layers);
  t.match(await shell(mount.path, 'mv file moved || true'), /not permitted/);
  t.equal(await shell(mount.path, 'ls'), 'file');
  await mount.end();
  t.equal(await shell((await inner.mount(layers)).path, 'ls'), 'file');
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
