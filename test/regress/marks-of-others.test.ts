/**
 * Attributes that an overlay inside of a container has set: `export` of an image took them for marks of a layer of ours, and so
 * did `import` of a directory, in which a device 0/0 became a deleted file, too.
 */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';
import { shell } from '../store/fixtures/stage.ts';

const needed = needs(...containerNeeds, 'program:setfattr');
const marks = `
  for mark in opaque=y redirect=/elsewhere origin=x; do
    setfattr -n trusted.overlay.\${mark%=*} -v \${mark#*=} in
  done
  setfattr -n trusted.overlay.metacopy in/file; setfattr -n user.own -v mine in/file`;
const expected = [
  'trusted.overlay.metacopy=""',
  'trusted.overlay.opaque="y"',
  'trusted.overlay.origin="x"',
  'trusted.overlay.redirect="/elsewhere"',
  'user.own="mine"',
];

/** What a directory shows of them, and that nothing of it is lost. */
function marksIn(place: string): string[] {
  const found = shell(place, 'test "$(cat in/file)" = data; getfattr -d -m - in in/file');
  return found
    .split('\n')
    .filter((line) => /^(trusted|user)/.test(line))
    .sort();
}

t.test('in an image and in its tar', needed, async (t) => {
  const { get, scratch } = makeStrata(t);
  const place = scratch.directory('place');
  get('create', '--name', 'one', 'base', 'true');
  get('mount', 'one', place);
  shell(place, `mkdir in; echo data > in/file; ${marks}`);
  get('umount', place);
  get('commit', 'one', 'image');
  get('export', '-o', `${scratch.path}/tar`, 'image');
  const unpacked = scratch.directory('unpacked');
  execFileSync('tar', ['-x', '--xattrs', '--xattrs-include=*', '-C', unpacked, '-f', `${scratch.path}/tar`]);
  t.strictSame(marksIn(unpacked), expected);
  t.equal(shell(unpacked, 'find . -name ".wh.*"'), '');
  get('import', `${scratch.path}/tar`, 'again');
  get('mount', 'again', place);
  t.strictSame(marksIn(place), expected);
  get('umount', place);
});

t.test('in a directory that is imported', needed, async (t) => {
  const { get, run, scratch } = makeStrata(t);
  const tree = scratch.directory('tree');
  shell(tree, `mkdir in; echo data > in/file; ${marks}`);
  get('import', tree, 'image');
  const place = scratch.directory('place');
  get('mount', 'image', place);
  t.strictSame(marksIn(place), expected);
  get('umount', place);
  get('system', 'check');
  shell(tree, 'mknod gone c 0 0');
  t.match(run('import', tree), { status: 1, stderr: /gone is a device 0\/0: / });
});
