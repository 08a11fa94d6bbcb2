/**
 * What drops setuid, setgid and capabilities comes without a word of who does what. A chown(2) that names no owner
 * took them from the files of others.
 */
import t from 'tap';
import { needs, mountNeeds } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

const become = 'setpriv --reuid=5 --regid=60 --clear-groups';
const toNobody = `python3 -c 'import os, sys; os.setgroups([]); os.setuid(int(sys.argv[1])); os.chown(sys.argv[2], -1, -1)' 2>/dev/null`;

for (const option of ['metacopy=on', 'passthrough=off', 'coherence=relaxed']) {
  t.test(option, needs(...mountNeeds, 'program:setpriv'), async (t) => {
    const place = await makePlace(t, 'cp /bin/true low; chmod 4755 low');
    const { path } = await place.mount([option]);
    await shell(
      path,
      `cp low own; chown 5 own; cp low both; cp low shared; chmod 4755 own both; chmod 4777 shared
       ! ${toNobody} 5 low; ! ${toNobody} 5 both
       test "$(stat -c %a low own both | xargs)" = '4755 4755 4755'
       ${toNobody} 5 own; ${toNobody} 0 low
       test "$(stat -c %a low own | xargs)" = '755 755'
       ${become} sh -c 'echo x >>shared'; test "$(stat -c %a shared)" = 777`,
    );
  });
}
