/**
 * A tmpfs of a RUN had the mode of the directory that was made for it to be mounted on, 0755 of root, whatever it was
 * mounted with: another USER could not write in it.
 */
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('USER writes to a tmpfs', needs(...mountNeeds, 'program:runc'), async (t) => {
  const builder = makeBuilder(t);
  const Dockerfile = [
    'FROM base',
    'USER web',
    'RUN --mount=type=tmpfs,target=/new/dir touch /new/dir/x && ls -ld /new /new/dir > /tmp/ls',
  ].join('\n');
  const { status, stderr } = builder.build({ Dockerfile }, '-t', 'built');
  t.equal(status, 0, stderr);
  t.match(builder.cat('built', '/tmp/ls'), /^drwxr-xr-x .* \/new\ndrwxrwxrwt .* \/new\/dir\n$/);
});
