/**
 * podman and Docker mount an image layer as the upper, to compare it with the layer below. They have unpacked it with
 * whiteouts of AUFS.
 */
import t, { type Test } from 'tap';
import { runProgram } from '../cli/fixtures/program.ts';
import { unionOptions } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell, type Place } from './fixtures/shell.ts';

const need = needs(...mountNeeds);
const lower = 'mkdir -p d/sub replaced; touch gone kept d/hidden d/sub/hidden d/shown replaced/old';
const upper =
  'mkdir -p d/sub replaced; touch .wh.gone d/.wh.hidden d/sub/.wh..wh..opq .wh.replaced replaced/new';

t.test('they hide what is below, and are not shown', need, async (t) => {
  const place = await makePlace(t, lower);
  await shell(place.upper, upper);
  const { path } = await place.mount();
  t.equal(
    await shell(path, 'for name in gone d/hidden d/sub/hidden .wh.gone replaced/old; do ls $name || :; done'),
    ['gone', 'd/hidden', 'd/sub/hidden', '.wh.gone', 'replaced/old']
      .map((name) => `ls: cannot access '${name}': No such file or directory`)
      .join('\n'),
  );
  t.equal(
    await shell(path, 'find . -mindepth 1 | sort'),
    './d\n./d/shown\n./d/sub\n./kept\n./replaced\n./replaced/new',
  );
});

t.test('what they hide can be made again, and removed, and stays so', need, async (t) => {
  const place = await makePlace(t, lower);
  await shell(place.upper, upper);
  const first = await place.mount();
  await shell(
    first.path,
    'mkdir gone; touch gone/new d/hidden; rm -r replaced d/sub; mkdir replaced; mv d e',
  );
  const shown = './e\n./e/hidden\n./e/shown\n./gone\n./gone/new\n./kept\n./replaced';
  t.equal(await shell(first.path, 'find . -mindepth 1 | sort'), shown);
  await first.end();
  const again = await place.mount();
  t.equal(await shell(again.path, 'find . -mindepth 1 | sort'), shown);
  await shell(again.path, 'rm -r gone e');
  t.equal(await shell(again.path, 'find . -mindepth 1 | sort'), './kept\n./replaced');
});

t.test('a directory that was renamed to a hidden name keeps what it shows', need, async (t) => {
  const place = await makePlace(t, `${lower}; mkdir other; touch other/file`);
  await shell(place.upper, upper);
  const first = await place.mount();
  await shell(first.path, 'mv other gone; touch gone/new');
  await first.end();
  const { path } = await place.mount();
  t.equal(await shell(path, 'ls gone'), 'file\nnew');
});

async function settle(test: Test, place: Place): Promise<void> {
  const union = { lower: [place.lower], upper: place.upper, work: place.work };
  test.match(await runProgram(['--settle', '-o', unionOptions(union)]), { code: 0, stdout: '', stderr: '' });
}

t.test('what they hide stays hidden when a renamed directory is made plain', need, async (t) => {
  const place = await makePlace(t, `${lower}; mkdir d/replaced; touch d/replaced/old`);
  await shell(place.upper, `${upper}; mkdir d/replaced; touch d/.wh.replaced d/replaced/new`);
  const first = await place.mount();
  await shell(first.path, 'mv d e');
  const shown = await shell(first.path, 'find . -mindepth 1 | sort');
  await first.end();
  await settle(t, place);
  t.equal(
    await shell(place.upper, 'ls e e/replaced e/sub'),
    'e:\nreplaced\nshown\nsub\n\ne/replaced:\nnew\n\ne/sub:',
  );
  const again = await place.mount();
  t.equal(await shell(again.path, 'find . -mindepth 1 | sort'), shown);
});

t.test('a hard link that they hide is not linked anew when an upper is made plain', need, async (t) => {
  const place = await makePlace(t, 'mkdir d; echo old >d/foo; ln d/foo d/bar; ln d/foo d/baz');
  await shell(place.upper, 'mkdir d; touch d/.wh.foo');
  const first = await place.mount();
  await shell(first.path, 'echo new >d/bar');
  await first.end();
  await settle(t, place);
  const again = await place.mount();
  t.equal(await shell(again.path, 'ls d; cat d/baz'), 'bar\nbaz\nnew');
});
