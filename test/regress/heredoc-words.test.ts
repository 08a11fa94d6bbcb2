/**
 * `<<` within quotes, or in the JSON form, was taken for a heredoc, which then had no end, or swallowed the instructions up to
 * a line that looked like one. An operator is a word of its own, as BuildKit has it.
 */
import t from 'tap';
import { splitInstructions } from '../../src/build/dockerfile/split-instructions.ts';

const heredocsIn = (text: string) =>
  splitInstructions(text, 'Dockerfile').instructions.map(({ keyword, heredocs }) => [
    keyword,
    ...heredocs.map(({ name, content, expand }) => ({ name, content, expand })),
  ]);

for (const line of [
  'RUN python3 -c "print(1 <<2)"',
  'RUN ["sh", "-c", "cat <<EOF"]',
  'RUN --network=none --mount=type=cache,target="/a b" ["cat", "<<EOF"]',
  'RUN echo "see <<EOF here"',
  "RUN echo 'see <<EOF here'",
  'RUN echo \\<<EOF $((1<<2)) cat<<EOF <<<EOF <<-',
  'RUN cat <<- EOF',
  'RUN echo "<< EOF" \\<< EOF',
  'RUN echo "one \\\n <<EOF two"',
  'COPY ["<<EOF", "/x"]',
  'ONBUILD RUN ["cat <<EOF"]',
  'ENV A <<EOF',
]) {
  t.test(line, async (t) => {
    const keyword = line.split(' ')[0];
    t.strictSame(heredocsIn(`${line}\nRUN next\nEOF`), [[keyword], ['RUN'], ['EOF']]);
  });
}

for (const [line, end, name, expand] of [
  ['RUN cat <<EOF', 'EOF', 'EOF', true],
  ['RUN 3<<EOF cat /dev/fd/3', 'EOF', 'EOF', true],
  ['RUN cat <<"the end" >/x', 'the end', 'the end', false],
  ["RUN cat <<E'O'F", 'EOF', 'EOF', false],
  ['RUN cat <<E\\$', 'E$', 'E$', true],
  ['RUN cat << EOF', 'EOF', 'EOF', true],
  ['RUN <<  "EOF"', 'EOF', 'EOF', false],
  ['RUN cat <<EOF;', 'EOF;', 'EOF;', true],
  ['ONBUILD run cat <<EOF', 'EOF', 'EOF', true],
] as const) {
  t.test(line, async (t) => {
    const [keyword] = line.split(' ');
    const expected = [[keyword, { name, content: 'a\n', expand }], ['RUN']];
    t.strictSame(heredocsIn(`${line}\na\n${end}\nRUN next`), expected);
  });
}
