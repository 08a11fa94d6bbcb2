/**
 * What the system refuses in the midst of a step was told without the instruction. So it was with a heredoc of a name with a
 * slash in it, for which nothing was found.
 */
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('have their place', needs(...mountNeeds), async (t) => {
  const builder = makeBuilder(t);
  const long = 'n'.repeat(256);
  const refused = builder.build({ Dockerfile: `FROM base\nCOPY f /opt/${long}`, f: '' });
  t.equal(refused.status, 1);
  t.match(refused.stderr, /Dockerfile:2: COPY f .*ENAMETOOLONG.*255 bytes/);
  const { status, stderr } = builder.build(
    { Dockerfile: 'FROM base\nCOPY <<a/b /opt/\ntext\na/b\n' },
    '-t',
    'built',
  );
  t.equal(status, 0, stderr);
  t.equal(builder.cat('built', '/opt/b'), 'text\n');
});
