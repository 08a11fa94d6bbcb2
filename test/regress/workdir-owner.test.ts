/** WORKDIR after USER made directories that belonged to root: the user could write nothing in them. */
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('what WORKDIR makes belongs to USER', needs(...mountNeeds, 'program:runc'), async (t) => {
  const builder = makeBuilder(t);
  const lines = ['FROM base', 'USER web', 'WORKDIR /home/web/new', 'RUN touch mine ../too'];
  const done = builder.build({ Dockerfile: lines.join('\n') }, '-t', 'new');
  t.equal(done.status, 0, done.stderr);
  const unknown = ['FROM base', 'USER nobody-knows', 'WORKDIR /there'];
  t.equal(builder.build({ Dockerfile: unknown.join('\n') }, '-t', 'unknown').status, 0);
});
