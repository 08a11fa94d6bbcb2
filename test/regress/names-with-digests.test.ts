/** `tag` and `build -t` took a name with a digest: an image was found under a digest that is another's. */
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('nobody gives an image a digest', needs(...mountNeeds), async (t) => {
  const builder = makeBuilder(t);
  const name = `name@sha256:${'0'.repeat(64)}`;
  for (const words of [
    ['tag', 'base', name],
    ['import', '.', name],
    ['build', '-t', name, '-f', '-', '.'],
  ]) {
    const { status, stderr } = builder.strata(words, { input: 'FROM scratch\nLABEL a=b\n' });
    t.equal(status, 1, words.join(' '));
    t.match(stderr, /it has a digest.*write name:latest/, words.join(' '));
  }
});
