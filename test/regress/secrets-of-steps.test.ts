/** A secret that a step may do without, and that was not given, was an empty file; BuildKit mounts nothing then. */
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const needed = needs(...mountNeeds, 'program:runc');

t.test('what was not given is not there', needed, async (t) => {
  const builder = makeBuilder(t);
  const Dockerfile = [
    'FROM base',
    'RUN --mount=type=secret,id=none [ ! -e /run/secrets ]',
    'RUN --mount=type=secret,id=none,target=/in/here,env=NONE [ ! -e /in -a -z "${NONE+x}" ]',
  ].join('\n');
  const { status, stderr } = builder.build({ Dockerfile });
  t.equal(status, 0, stderr);
  const needy = builder.build({ Dockerfile: 'FROM base\nRUN --mount=type=secret,id=none,required true' });
  t.equal(needy.status, 1);
  t.match(needy.stderr, /--secret id=none,src=FILE/);
});
