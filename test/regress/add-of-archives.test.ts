/**
 * `--exclude` and `--chmod` of ADD are for files, not for what an archive holds, as in BuildKit: `--chmod=644` made directories
 * that nobody could enter. Neither was `--exclude` in the key of a step whose sources are files, nor what `--parents`
 * takes of the directories above them, so that the layer of another step was taken.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import t from 'tap';
import { makeBuilder, type Builder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const needed = needs(...mountNeeds);

/** What tar(1) lists of an image. */
function listing(builder: Builder, image: string): string {
  const tar = builder.context(`../${image}.tar`);
  builder.strata(['export', '-o', tar, image]);
  return execFileSync('tar', ['-tvf', tar], { encoding: 'utf8' });
}

t.test('what is unpacked is whole, with the modes of the archive', needed, async (t) => {
  const builder = makeBuilder(t);
  const tree = builder.directory('tree');
  const script = 'cd "$1"; mkdir sub; echo a > sub/a; echo b > b; chmod 750 sub/a sub; chmod 640 b';
  execFileSync('sh', ['-ec', script, 'sh', tree]);
  execFileSync('tar', ['-cf', builder.context('a.tar'), '-C', tree, 'sub', 'b']);
  const Dockerfile = [
    'FROM scratch',
    'ADD --exclude=b --exclude=sub a.tar /excluded/',
    'ADD --chmod=644 a.tar /changed/',
  ].join('\n');
  const { status, stderr } = builder.build({ Dockerfile }, '-t', 'built');
  t.equal(status, 0, stderr);
  t.equal(builder.cat('built', '/excluded/b'), 'b\n');
  t.equal(builder.cat('built', '/excluded/sub/a'), 'a\n');
  const list = listing(builder, 'built');
  t.match(list, /^drwxr-xr-x .* changed\/$/m);
  t.match(list, /^drwxr-x--- .* changed\/sub\/$/m);
  t.match(list, /^-rwxr-x--- .* changed\/sub\/a$/m);
  t.match(list, /^-rw-r----- .* changed\/b$/m);
});

t.test('what makes a difference is in the key', needed, async (t) => {
  const builder = makeBuilder(t);
  const build = (copy: string, tag: string): void => {
    const Dockerfile = `FROM scratch\n${copy}\n`;
    const { status, stderr } = builder.build(
      { 'a.txt': 'a', 'b.md': 'b', 'sub/f': 'f', Dockerfile },
      '-t',
      tag,
    );
    t.equal(status, 0, stderr);
    t.notMatch(stderr, /CACHED/, copy);
  };
  build('COPY a.txt b.md /d/', 'all');
  build('COPY --exclude=*.txt a.txt b.md /d/', 'less');
  t.notMatch(listing(builder, 'less'), /a\.txt/);
  build('COPY --exclude=*.md a.txt b.md /d/', 'other');
  t.match(listing(builder, 'other'), /a\.txt/);
  chmodSync(builder.context('sub'), 0o755);
  build('COPY --parents sub/f /p/', 'before');
  chmodSync(builder.context('sub'), 0o700);
  build('COPY --parents sub/f /p/', 'after');
  t.match(listing(builder, 'after'), /^drwx------ .* p\/sub\/$/m);
});
