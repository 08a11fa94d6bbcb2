/** A truncation to the size that the file has: by its path, the kernel tells no time with it, and where it writes back goes on with its own. */
import { lstatSync } from 'node:fs';
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

const files = ['low', 'empty', 'new'];

for (const way of ['passthrough=on', 'passthrough=off']) {
  t.test(`the time that is seen is that of the file, ${way}`, needs(...mountNeeds), async (t) => {
    const place = await makePlace(t, 'echo x >low; : >empty; touch -d @5 low empty');
    const times = (path: string): bigint[] =>
      files.map((name) => lstatSync(`${path}/${name}`, { bigint: true }).mtimeNs);
    const mount = await place.mount([way]);
    await shell(mount.path, 'echo y >new; touch -d @7 new; sync new');
    const truncate = files.map((name) => `truncate "${name}", ${name === 'empty' ? '0' : '2'} or die`);
    await shell(mount.path, `perl -e '${truncate.join('; ')}'`);
    const seen = times(mount.path);
    await mount.end();
    t.strictSame(times(place.upper), seen);
    t.strictSame(times((await place.mount([way])).path), seen);
  });
}
