/**
 * The context that a RUN mounts had the owners of this machine, so that git called it "dubious ownership", and what
 * belongs to one user here belonged to another there. As in BuildKit, it belongs to root.
 */
import { chownSync, statSync } from 'node:fs';
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('a context belongs to root', needs(...mountNeeds, 'program:runc'), async (t) => {
  const builder = makeBuilder(t);
  const mounts = [
    '--mount=type=bind,target=/ctx',
    '--mount=type=bind,rw,target=/rw',
    '--mount=type=bind,source=sub,target=/sub',
    '--mount=type=bind,source=sub/f,target=/file',
    '--mount=type=bind,from=other,target=/other',
  ];
  const files = {
    'sub/f': 'f',
    Dockerfile: [
      'FROM base AS other',
      'COPY --chown=7:8 sub/f /theirs',
      'FROM base',
      `RUN ${mounts.join(' ')} ls -lnd /ctx /ctx/* /ctx/sub/f /rw /rw/sub/f /sub /sub/f /file > /own; ls -ln /other/theirs > /their`,
    ].join('\n'),
  };
  for (const owner of [0, 1000]) {
    builder.build({ ...files, 'sub/f': String(owner) }, '--target', 'other');
    for (const path of ['.', 'sub', 'sub/f']) chownSync(builder.context(path), owner, owner);
    const { status, stderr } = builder.build({}, '-t', 'built');
    t.equal(status, 0, stderr);
    const lines = builder.cat('built', '/own').trim().split('\n');
    t.equal(lines.length, 9);
    for (const line of lines) t.match(line, /^\S+ +\d+ 0 0 /);
    t.match(builder.cat('built', '/their'), / 7 8 /, 'those of a stage are its own');
    t.equal(statSync(builder.context('sub/f')).uid, owner);
  }
});

t.test('what only reads it shares one copy', needs(...mountNeeds, 'program:runc'), async (t) => {
  const builder = makeBuilder(t);
  const run = (target: string, options = ''): string =>
    `RUN --mount=type=bind,target=/ctx${options} ls -i /ctx/f > /${target}`;
  const Dockerfile = ['FROM base', run('first'), run('second'), run('written', ',rw')].join('\n');
  builder.build({ f: 'f', Dockerfile }, '--target', 'none');
  chownSync(builder.context('f'), 1000, 1000);
  const { status, stderr } = builder.build({}, '-t', 'built');
  t.equal(status, 0, stderr);
  t.equal(builder.cat('built', '/second'), builder.cat('built', '/first'));
  t.not(builder.cat('built', '/written'), builder.cat('built', '/first'));
});
