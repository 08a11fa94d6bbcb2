/**
 * A secret that a step may do without, and that was not given, was an empty file; BuildKit mounts nothing then. One that was
 * given by its id alone was a variable always; where there is none buildx takes the file of that name.
 */
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

t.test('an id alone names a variable, or else a file', needed, async (t) => {
  const builder = makeBuilder(t);
  const show = (id: string) => {
    const Dockerfile = `FROM base\nRUN --mount=type=secret,id=${id},required cat /run/secrets/${id} > /seen`;
    const { status, stderr } = builder.build(
      { Dockerfile, npmrc: 'a file' },
      '--secret',
      `id=${id}`,
      '-t',
      id,
    );
    t.equal(status, 0, stderr);
    return builder.cat(id, '/seen');
  };
  t.equal(show('npmrc'), 'a file');
  process.env.npmrc2 = 'a variable';
  t.teardown(() => delete process.env.npmrc2);
  t.equal(show('npmrc2'), 'a variable');
});

t.test('each of two mounts of one secret counts for the cache', needed, async (t) => {
  const builder = makeBuilder(t);
  const seen = (target: string): string => {
    const mounts = `--mount=type=secret,id=npmrc,target=${target} --mount=type=secret,id=npmrc,env=TOKEN`;
    const Dockerfile = `FROM base\nRUN ${mounts} ls /in > /seen`;
    const { status, stderr } = builder.build({ Dockerfile, npmrc: 'x' }, '--secret', 'id=npmrc', '-t', 'two');
    t.equal(status, 0, stderr);
    return builder.cat('two', '/seen');
  };
  t.equal(seen('/in/one').trim(), 'one');
  t.equal(seen('/in/two').trim(), 'two');
});
