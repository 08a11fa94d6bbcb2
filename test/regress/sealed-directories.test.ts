/**
 * Append-only and immutable directories: what is in them can change, and to an append-only one everything can come,
 * whatever that takes in the upper.
 */
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

const unsealed = "trap 'chattr -ia d 2>/dev/null' EXIT";
const refused = (command: string): string =>
  `if (${command}) 2>/dev/null; then echo '${command} succeeds'; exit 1; fi`;

t.test('what is in an immutable directory can change', needs(...mountNeeds), async (t) => {
  const place = await makePlace(
    t,
    'mkdir -p d/sub; echo low >d/file; echo low >d/one; ln d/one d/two; echo low >d/mode',
  );
  const { path } = await place.mount();
  const script = `${unsealed}
    chattr +i d
    echo more >>d/file; echo more >>d/two; chmod 600 d/mode; touch d/sub/new
    ${refused('echo new >d/new')}
    ${refused('rm d/file')}
    lsattr -d d | grep -q -e '^----i'
    cat d/file d/one; ls d/sub; stat -c %a d/mode`;
  t.equal(await shell(path, script), 'low\nmore\nlow\nmore\nnew\n600');
});

t.test('directories that were sealed in an earlier mount are known', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, 'mkdir in ap; echo low >in/file; echo low >ap/file; echo low >file');
  const first = await place.mount();
  const { path } = first;
  await shell(path, 'rm ap/file; echo up >up; ln up name; chattr +i in up; chattr +a ap .');
  await first.end();
  await place.mount();
  const script = `trap 'chattr -ia . in ap up' EXIT
    echo more >>in/file; echo new >ap/file; chmod 600 file
    ${refused('echo new >in/new')}
    ${refused('rm in/file')}
    ${refused('rm ap/file')}
    ${refused('rm file')}
    ${refused('echo more >>up')}
    ${refused('chmod 600 name')}
    ${refused('ln up other')}
    cat in/file ap/file up; stat -c %a file`;
  t.equal(await shell(path, script), 'low\nmore\nnew\nup\n600');
});

t.test('everything can come to an append-only directory', needs(...mountNeeds), async (t) => {
  const place = await makePlace(
    t,
    'mkdir -p d tree/in; for f in d/file d/dir d/link d/moved low linked; do echo low >$f; done; echo two >tree/in/file',
  );
  const { path } = await place.mount();
  const script = `${unsealed}
    rm d/file d/dir d/link d/moved
    chattr +a d
    echo new >d/file; mkdir d/dir; ln linked d/link; mv low d/moved
    mv tree d/tree; ln linked d/other; echo free >d/free
    ${refused('rm d/free')}
    ${refused('mv d/moved low')}
    lsattr -d d | grep -q -e '^-----a'
    cat d/file d/link d/moved d/tree/in/file d/other d/free; ls d/dir`;
  t.equal(await shell(path, script), 'new\nlow\nlow\ntwo\nlow\nfree');
});
