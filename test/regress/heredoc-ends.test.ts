/**
 * A heredoc whose last line ends in a backslash, alone or before lines that look like comments, was said to have no end: its
 * delimiter was taken for the rest of that line.
 */
import t from 'tap';
import { splitInstructions } from '../../src/build/dockerfile/split-instructions.ts';

for (const content of ['a \\\n', '# a \\\n', 'a \\\n# b\n', 'a \\\n\n', 'RUN a \\\n  b \\\n']) {
  t.test(JSON.stringify(content), (t) => {
    const text = `FROM x\nCOPY <<A <<-B /y/\n${content}A\n${content}\tB\nRUN next \\\n  more\nRUN last\n`;
    const { instructions } = splitInstructions(text, 'Dockerfile');
    t.strictSame(
      instructions.map(({ keyword, heredocs }) => [keyword, ...heredocs.map((heredoc) => heredoc.content)]),
      [['FROM'], ['COPY', content, content], ['RUN'], ['RUN']],
    );
    t.strictSame(
      instructions.map(({ place }) => text.split('\n')[place.line - 1]?.split(' ')[0]),
      ['FROM', 'COPY', 'RUN', 'RUN'],
    );
    t.end();
  });
}
