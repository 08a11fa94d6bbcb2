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
