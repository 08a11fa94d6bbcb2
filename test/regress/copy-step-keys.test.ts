/**
 * What a COPY does depends on how its sources divide the files among them. Two that brought the same files, each by another
 * source, had one key in the cache, so that the second took the layer of the first.
 */
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const needed = needs(...mountNeeds);

t.test('the same files by other sources are another step', needed, (t) => {
  const builder = makeBuilder(t);
  const files = { 'conf/a': 'a', 'conf/b': 'b', '.dockerignore': 'Dockerfile\n' };
  const build = (copy: string, tag: string): void => {
    const { status, stderr } = builder.build({ ...files, Dockerfile: `FROM scratch\n${copy}\n` }, '-t', tag);
    t.equal(status, 0, stderr);
    t.notMatch(stderr, /CACHED/);
  };
  build('COPY conf/a . /app/', 'one');
  build('COPY conf/* . /app/', 'all');
  t.equal(builder.cat('all', '/app/b'), 'b');
  const { stderr } = builder.build({}, '--explain');
  t.match(stderr, /CACHED/, 'and the same sources are the same step');
  t.end();
});
