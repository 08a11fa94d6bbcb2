import t from 'tap';
import { mountNeeds, needs } from '../../fixtures/needs.ts';
import { makeBuilder } from '../fixtures/builder.ts';

t.test('a stage that only the ONBUILD of an image needs is built', needs(...mountNeeds), async (t) => {
  const builder = makeBuilder(t);
  const parent = 'FROM scratch\nONBUILD COPY --from=assets /a /b\n';
  t.equal(builder.build({ Dockerfile: parent, a: 'a' }, '-t', 'parent').status, 0);
  const child = 'FROM scratch AS unused\nCOPY nope /\nFROM scratch AS assets\nCOPY a /\nFROM parent\n';
  const { status, stderr } = builder.build({ Dockerfile: child }, '-t', 'child');
  t.equal(status, 0, stderr);
  t.equal(builder.cat('child', '/b'), 'a');
});
