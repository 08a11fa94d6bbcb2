/**
 * A build under the umask 077: directories that nobody describes were 0700 in the image, the root of one FROM scratch among
 * them, and a heredoc with an interpreter of its own could not be run by USER.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('modes under another umask', needs(...mountNeeds, 'program:runc'), async (t) => {
  const builder = makeBuilder(t);
  mkdirSync(builder.context('implied'));
  writeFileSync(builder.context('implied/file'), 'unpacked');
  execFileSync('tar', ['-cf', 'archive.tar', 'implied/file'], { cwd: builder.context('.') });
  const before = process.umask(0o077);
  t.teardown(() => process.umask(before));
  const Dockerfile = [
    ...['FROM scratch AS data', 'COPY archive.tar /deep/er/', 'ADD archive.tar /deep/'],
    ...[
      'FROM base',
      'USER web',
      'RUN <<EOF',
      '#!/bin/sh',
      'id > /tmp/id',
      'EOF',
      'COPY --from=data / /data/',
    ],
  ];
  const { status, stderr } = builder.build({ Dockerfile: Dockerfile.join('\n') }, '-t', 'built');
  t.equal(status, 0, stderr);
  t.match(builder.cat('built', '/tmp/id'), /web/);
  t.equal(builder.build({}, '-t', 'data', '--target', 'data').status, 0);
  const tar = `${builder.path}/tar`;
  builder.strata(['export', '-o', tar, 'data']);
  const listing = execFileSync('tar', ['-tvf', tar], { encoding: 'utf8' });
  for (const path of ['./', 'deep/', 'deep/er/', 'deep/implied/'])
    t.match(listing, new RegExp(`^drwxr-xr-x .* ${path}$`, 'm'), path);
});
