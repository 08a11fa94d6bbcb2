/**
 * A bind mount of a copy, as one that is written or one of a context with rules is, had the mode of a temporary directory: 0700,
 * so that USER saw nothing in it. Neither could one of scratch be looked at.
 */
import { chmodSync } from 'node:fs';
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('USER reads what is bound', needs(...mountNeeds, 'program:runc'), async (t) => {
  const builder = makeBuilder(t);
  const mounts = [
    '--mount=type=bind,target=/ctx',
    '--mount=type=bind,rw,target=/rw',
    '--mount=type=bind,source=sub,target=/sub',
    '--mount=type=bind,rw,source=a,target=/file',
    '--mount=type=bind,from=none,target=/none',
  ];
  const files = {
    ...{ a: 'a', 'sub/b': 'b', '.dockerignore': 'left-out\n', 'left-out': '' },
    Dockerfile: [
      ...['FROM scratch AS none', 'FROM base', 'USER web'],
      `RUN ${mounts.join(' ')} cat /ctx/a /rw/a /sub/b /file > /tmp/seen && ls /none && ls -ldn /ctx /sub > /tmp/ls`,
    ].join('\n'),
  };
  chmodSync(builder.context('.'), 0o755);
  const { status, stderr } = builder.build(files, '-t', 'built');
  t.equal(status, 0, stderr);
  t.equal(builder.cat('built', '/tmp/seen'), 'aaba');
  t.match(builder.cat('built', '/tmp/ls'), /^drwxr-xr-x .* \/ctx\ndrwxr-xr-x .* \/sub\n$/);
});
