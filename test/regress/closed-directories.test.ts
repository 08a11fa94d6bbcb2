/**
 * A directory that a server without CAP_DAC_OVERRIDE may not search had no attributes once it was looked up anew: nobody
 * could see it, change its mode, or remove it.
 */
import t from 'tap';
import { needs, mountNeeds } from '../fixtures/needs.ts';
import { makePlace, ordinary, shell } from './fixtures/shell.ts';

t.test('it is there', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, 'mkdir merged removed; echo low >merged/low', ordinary);
  const first = await place.mount();
  await shell(
    first.path,
    `mkdir own; echo x >own/file; echo new >merged/new; touch removed/file
     chmod 600 own merged; chmod 0 removed`,
  );
  await first.end();
  const { path } = await place.mount();
  await shell(
    path,
    `test "$(stat -c %a own merged removed | xargs)" = '600 600 0'
     chmod 755 own merged
     test "$(cat own/file merged/low merged/new | xargs)" = 'x low new'
     chmod 755 removed; rm -r removed own; test ! -e own`,
  );
});

/** Layers below, and what is done in the mount as on a plain directory. Directories of a mode that binds the server. */
const acts: Readonly<Record<string, string>> = {
  'a new directory is listed': 'mkdir new; touch new/x; chmod 444 new; ls new',
  'a merged directory is listed': 'chmod 444 full; ls full',
  'a merged directory that hides a name is listed': 'rm full/file; touch full/new; chmod 444 full; ls full',
  'an emptied directory is removed': 'rm full/file; chmod 0 full; rmdir full',
  'a merged directory without an entry is removed': 'chmod 0 bare; rmdir bare',
  'a new directory is removed': 'mkdir new; chmod 0 new; rmdir new',
  'an opaque directory that hides nothing is removed': `rm -r full; mkdir full; touch full/x; rm full/x
    chmod 0 full; rmdir full`,
  'a merged directory is replaced': 'chmod 0 bare; mkdir other; touch other/x; mv -T other bare; ls bare',
  'an emptied directory is replaced': `rm full/file; chmod 111 full; mkdir other; touch other/x
    mv -T other full; ls full`,
  'a directory that is not empty stays': `chmod 0 full; rmdir full || stat -c %a full
    mkdir other; mv -T other full || stat -c %a full; chmod 755 full; cat full/file`,
};

for (const options of [[], ['userxattr', 'metacopy=off']]) {
  t.test(
    `what needs no leave of the directory itself ${options.join(' ')}`,
    needs(...mountNeeds),
    async (t) => {
      const layer = 'mkdir full bare; echo low >full/file';
      for (const [name, act] of Object.entries(acts)) {
        const place = await makePlace(t, layer, ordinary);
        const plain = place.scratch.directory('plain');
        const first = await place.mount(options);
        const expected = await shell(plain, `${layer}\n${act}\nls`);
        t.equal(await shell(first.path, `${act}\nls`).catch(String), expected, name);
        await first.end();
        const again = await place.mount(options);
        t.equal(await shell(again.path, 'ls'), await shell(plain, 'ls'), `${name}: mounted again`);
        await again.end();
      }
    },
  );
}
