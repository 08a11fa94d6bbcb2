/** Trees that their owner has made read-only, as Go's module cache, under a server without root's rights over files. */
import { lstatSync } from 'node:fs';
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, ordinary, shell } from './fixtures/shell.ts';

const prepare = `
  mkdir -p d/sub/deep empty full again
  echo 1 >d/f; ln d/f d/f2; echo 1 >d/sub/g; echo 1 >full/h
  chmod 444 d/f d/sub/g
  chmod 555 d/sub/deep d/sub d empty full again`;
const modeOf = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8);

for (const way of [['userxattr'], []]) {
  t.test(way.join() || 'trusted.overlay', needs(...mountNeeds), async (t) => {
    const place = await makePlace(t, prepare, ordinary);
    const { path } = await place.mount(way);
    await shell(
      path,
      `touch d/sub/g; chmod 640 d/sub/g
       touch d/f; chmod 555 d/sub/deep
       chmod u+w full; rm full/h; chmod 555 full
       rmdir full; rmdir empty; mkdir -m 555 full
       mkdir -m 755 over; mv -T over again; chmod 755 again; touch again/x`,
    );
    t.equal(modeOf(`${place.upper}/d/sub`), '555', 'is closed again');
    t.equal(modeOf(`${place.upper}/d`), '555');
    t.equal(modeOf(`${place.upper}/full`), '555');
    t.equal(await shell(path, 'ls d/sub; cat d/sub/g; ls again'), 'deep\ng\n1\nx');
    await shell(path, 'chmod -R u+w d; rm -r d; chmod u+w full; rmdir full; ls');
    t.strictSame(await shell(place.work, 'find work -mindepth 1 ! -type c'), '');
  });
}

t.test('what a crash leaves in the work directory', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, '', ordinary);
  await shell(
    place.work,
    'mkdir -p work/t1/a/b/c; touch work/t1/a/b/f; chmod 555 work/t1/a/b work/t1/a work/t1',
  );
  const { path } = await place.mount();
  t.equal(await shell(path, 'ls'), '');
  t.equal(await shell(place.work, 'ls work'), '');
});
