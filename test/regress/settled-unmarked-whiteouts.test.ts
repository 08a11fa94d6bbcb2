/** A mount hid a name by a whiteout in the form of an attribute; settling the upper brought it back, where no mark of the directory told of such. */
import t from 'tap';
import { makeScratch, unionOptions } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { runProgram } from '../cli/fixtures/program.ts';
import { shell } from './fixtures/shell.ts';

t.test('what a mount hides stays hidden', needs(...mountNeeds, 'program:setfattr'), async (t) => {
  const scratch = makeScratch(t);
  await shell(
    scratch.path,
    `mkdir -p top/dir bottom/dir; echo below >bottom/dir/hidden; echo keep >bottom/dir/kept; : >bottom/dir/empty
    : >top/dir/hidden; setfattr -n trusted.overlay.whiteout -v y top/dir/hidden`,
  );
  const union = {
    lower: [`${scratch.path}/top`, `${scratch.path}/bottom`],
    upper: scratch.directory('upper'),
    work: scratch.directory('work'),
  };
  const mounted = await scratch.mount(union);
  t.match(await shell(mounted.path, 'mv dir moved; cat moved/hidden || true'), /No such file/);
  await mounted.end();
  t.match(await runProgram(['--settle', '-o', unionOptions(union)]), { code: 0, stderr: '' });
  t.equal(await shell(union.upper, 'ls moved'), 'empty\nkept');
});
