import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import t from 'tap';
import { mountNeeds, needs } from '../../fixtures/needs.ts';
import { makeBuilder } from '../fixtures/builder.ts';

t.test('ADD --unpack, --checksum and --keep-git-dir', needs(...mountNeeds), async (t) => {
  const builder = makeBuilder(t);
  mkdirSync(builder.context('d'));
  writeFileSync(builder.context('d/inside'), 'unpacked\n');
  execFileSync('tar', ['-C', builder.context('d'), '-cf', builder.context('a.tar'), 'inside']);
  const archive = readFileSync(builder.context('a.tar'));
  const server = createServer((_request, response) => void response.end(archive)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${String((server.address() as { port: number }).port)}/a.tar`;
  const sum = createHash('sha256').update(archive).digest('hex');
  const build = async (...lines: string[]) => {
    writeFileSync(builder.context('Dockerfile'), ['FROM scratch', ...lines].join('\n'));
    return builder.buildAside('-t', 'x');
  };
  const { status, stderr } = await build(
    `ARG SUM=${sum}`,
    'ADD --unpack=false --keep-git-dir a.tar /kept/',
    `ADD ${url} /fetched/`,
    `ADD --unpack --checksum=sha256:$SUM ${url} /opened/`,
  );
  t.equal(status, 0, stderr);
  t.equal(builder.cat('x', '/opened/inside'), 'unpacked\n');
  const tree = builder.strata(['tree', 'x']).stdout;
  t.equal(tree.match(/a\.tar/g)?.length, 2, tree);
  for (const line of [
    'ADD --checksum=sha256:0 a.tar /',
    `ADD --checksum=sha256:${sum} ${url} ${url} /d/`,
    `ADD --checksum=sha256:$none ${url} /d/`,
  ]) {
    t.match((await build(line)).stderr, /Dockerfile:2: .*--checksum/, line);
  }
  for (const source of ['https://h/x.git?ref=main', 'https://h/x.git#v1', 'git@h:x']) {
    t.match((await build(`ADD --keep-git-dir=true ${source} /d/`)).stderr, /git clone/, source);
  }
});

t.test(
  'what is empty is not given, and what is left out has no variables',
  needs(...mountNeeds),
  async (t) => {
    const builder = makeBuilder(t);
    const { status, stderr } = builder.build(
      {
        'd/$X': '',
        'd/a': 'a',
        Dockerfile: [
          ...['FROM scratch', 'ARG X=a', 'WORKDIR /w', 'COPY --chown=$none --chmod=$none d/a $none'],
          ...['COPY --exclude=$X d /d', 'COPY $none /all/'],
        ].join('\n'),
      },
      ...['-t', 'x'],
    );
    t.equal(status, 0, stderr);
    t.equal(builder.cat('x', '/w/a'), 'a');
    t.equal(builder.cat('x', '/d/a'), 'a');
    t.equal(builder.cat('x', '/all/d/a'), 'a');
    t.notMatch(builder.strata(['tree', 'x:/d']).stdout, /\$X/);
  },
);
