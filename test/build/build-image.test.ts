import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeBuilder, readId } from './fixtures/builder.ts';

const program = fileURLToPath(new URL('../../bin/strata', import.meta.url));

const needed = needs(...mountNeeds, 'program:runc');
const cachedIn = (text: string) => (text.match(/CACHED/g) ?? []).length;

t.test('layers: one for each instruction that changes files, shared and cached', needed, async (t) => {
  const builder = makeBuilder(t);
  const beginning = [
    'FROM base',
    'ENV A=1',
    'RUN echo $A > /made',
    'WORKDIR /app',
    'COPY app.py /app/',
    'RUN true',
  ];
  const files = { Dockerfile: [...beginning, 'CMD ["a"]'].join('\n'), 'app.py': 'print(1)\n' };

  await t.test('the first build', async (t) => {
    const { status, stderr, stdout } = builder.build(
      files,
      '-t',
      'one',
      '--iidfile',
      builder.context('../id'),
    );
    t.equal(status, 0, stderr);
    t.equal(readId(builder.context('../id')), stdout.trim());
    t.equal(cachedIn(stderr), 0);
    const sizes = builder.history('one').map(({ size, text }) => `${text.split(' ')[0] ?? ''} ${size}`);
    t.strictSame(sizes.slice(0, 6), ['CMD 0B', 'RUN 0B', 'COPY 9B', 'WORKDIR 0B', 'RUN 2B', 'ENV 0B']);
    t.equal(builder.cat('one', '/made'), '1\n');
    t.match(builder.strata(['diff', 'base', 'one']).stdout, /made/);
    t.notMatch(builder.strata(['diff', 'base', 'one']).stdout, /proc|sys|dev|resolv|hosts/);
  });

  await t.test('again: everything is cached, and the image is the same', async (t) => {
    utimesSync(builder.context('app.py'), 1, 1);
    const before = readId(builder.context('../id'));
    const { stderr, stdout } = builder.build({}, '-t', 'one', '--pull');
    t.match(stderr, /^warning: --pull changes nothing/m);
    t.equal(cachedIn(stderr), 4, 'RUN, WORKDIR, COPY, RUN');
    t.equal(stdout.trim(), before);
  });

  await t.test('a second Dockerfile that begins the same adds only what differs', async (t) => {
    const layers = builder.layerCount();
    const { status, stderr } = builder.build(
      { Other: [...beginning, 'RUN echo 2 > /second', 'LABEL x=y'].join('\n') },
      ...['-f', 'Other', '-t', 'two'],
    );
    t.equal(status, 0, stderr);
    t.equal(cachedIn(stderr), 4);
    t.equal(builder.layerCount(), layers + 1);
  });

  await t.test('another app.py: from its COPY on', async (t) => {
    const { stderr } = builder.build({ 'app.py': 'print(2)\n' }, '-t', 'one', '--explain');
    t.equal(cachedIn(stderr), 2, 'RUN, WORKDIR');
    t.match(stderr, /not cached: file app\.py has changed/);
    t.equal(builder.cat('one', '/app/app.py'), 'print(2)\n');
    t.equal(builder.cat('two', '/app/app.py'), 'print(1)\n', 'the other image stays as it is');
  });

  await t.test('--no-cache does all of it, and says CACHED of nothing', async (t) => {
    const { stderr } = builder.build({}, '--no-cache', '-t', 'one');
    t.equal(cachedIn(stderr), 0);
  });
  t.match(builder.strata(['system', 'check']).stdout, /nothing is wrong/);
});

t.test('a RUN that fails', needed, async (t) => {
  const builder = makeBuilder(t);
  const text = 'FROM base\nRUN echo kept > /kept\nRUN echo shown; echo too >&2; exit 7\nRUN never\n';
  const failed = builder.build({ Dockerfile: text });
  t.equal(failed.status, 7);
  t.equal(failed.stdout, '');
  t.match(failed.stderr, /^shown$/m);
  t.match(failed.stderr, /^too$/m);
  t.match(failed.stderr, /^strata: Dockerfile:3: RUN echo shown.*status 7/m);
  const again = builder.build(
    { Dockerfile: text.replace('exit 7', 'true').replace('never', 'true') },
    '-t',
    'x',
  );
  t.equal(again.status, 0, again.stderr);
  t.equal(cachedIn(again.stderr), 1, 'what was finished is kept');
  t.equal(builder.cat('x', '/kept'), 'kept\n');
  const missing = builder.build({ Dockerfile: 'FROM base\nRUN ["/no/such", "x"]' });
  t.equal(missing.status, 127);
  t.match(missing.stderr, /Dockerfile:2: .*there is no program \/no\/such/);
});

t.test('stages, arguments, mounts, heredocs', needed, async (t) => {
  const builder = makeBuilder(t);
  const Dockerfile = `# syntax=docker/dockerfile:1
ARG BASE=nothing
FROM \${BASE} AS build
ARG VERSION=1.2.3
RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/tmp/t --mount=type=bind,source=src,target=/src <<EOF
cat /src/a \${OLD:-/cache/last} > /out || cat /src/a > /out
echo \${VERSION%.*} >> /out
echo last > /cache/last
touch /tmp/t/x
! touch /src/x
EOF
RUN --mount=type=secret,id=key,env=KEY,target=/run/secrets/key cat /run/secrets/key && [ "$KEY" = hidden ]
RUN <<EOF
#!/bin/bash
echo "$BASH_VERSION" > /version
EOF
FROM base AS unused
RUN exit 9
FROM base
COPY --from=build --chown=web /out /in/
COPY --chmod=640 <<A <<"B" /heredocs/
$HOME ok
A
$HOME ok
B
COPY --link src /linked/
USER web
WORKDIR /work
RUN id > /tmp/id; ls -ln /in/out > /tmp/ls; [ "$HOME" = /home/web ]
USER root
RUN rm -r /linked/sub && mkdir /linked/sub
`;
  const files = {
    Dockerfile,
    'src/a': 'a\n',
    'src/sub/b': 'b\n',
    '.dockerignore': 'secret\n',
    secret: 'hidden',
  };
  const words = ['--build-arg', 'BASE=base', '--secret', 'id=key,src=secret', '-t', 'x'];
  const { status, stderr } = builder.build(files, ...words);
  t.equal(status, 0, stderr);
  t.notMatch(stderr, /exit 9/, 'a stage that is not needed is left out');
  t.equal(builder.cat('x', '/in/out'), 'a\n1.2\n');
  t.match(builder.cat('x', '/tmp/ls'), / 33 34 /, 'a user without a group has the group of its line');
  t.equal(builder.cat('x', '/tmp/id'), 'uid=33(web) gid=34(web) groups=34(web),50(extra)\n');
  t.equal(builder.cat('x', '/heredocs/A'), ' ok\n');
  t.equal(builder.cat('x', '/heredocs/B'), '$HOME ok\n');
  t.notMatch(
    builder.strata(['diff', 'base', 'x']).stdout,
    /cache|secrets|\/src|\/tmp\/t\b|strata-script|version/,
  );
  t.notMatch(builder.strata(['tree', 'x']).stdout, /\bb\b/, 'what a step removes is gone');

  // The cache of the mount lives on, and its content is no part of the key; nor is the secret.
  const other = builder.build({ secret: 'hidden' }, ...words, '--build-arg', 'VERSION=2.0.0', '--explain');
  t.equal(other.status, 0, other.stderr);
  t.match(other.stderr, /env VERSION was "1\.2\.3" and is "2\.0\.0"/);
  t.equal(builder.cat('x', '/in/out'), 'a\nlast\n2.0\n');
  const same = builder.build(
    { secret: 'another' },
    ...words,
    '--build-arg',
    'VERSION=2.0.0',
    '--build-arg',
    'http_proxy=p',
  );
  t.equal(cachedIn(same.stderr), 9, same.stderr);
  const target = builder.build({}, ...words, '--target', 'unused');
  t.equal(target.status, 9);
});

t.test('ADD: archives are unpacked, files are fetched and checked', needed, async (t) => {
  const builder = makeBuilder(t);
  const server = createServer((_request, response) => {
    response.setHeader('last-modified', 'Thu, 01 Jan 2004 00:00:00 GMT').end('fetched\n');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address() as { port: number };
  const url = `http://127.0.0.1:${String(address.port)}/dir/file.txt?x=1`;
  const sum = 'sha256:c1a7b9fbbd5d0ad3a1dc4a9b1ec6f7f4c2df8c4f4e0a4cbd1e2f4d4b4a3c2b1a';
  writeFileSync(builder.context('plain.gz'), 'no archive');
  builder.strata(['export', 'base', '-o', builder.context('base.tar')]);
  writeFileSync(
    builder.context('Dockerfile'),
    `FROM scratch\nADD ${url} /got/\nADD base.tar plain.gz /un/\n`,
  );
  const done = await builder.buildAside('-t', 'x');
  t.equal(done.status, 0, done.stderr);
  t.equal(builder.cat('x', '/got/file.txt'), 'fetched\n');
  t.match(builder.cat('x', '/un/etc/passwd'), /^root/);
  t.equal(builder.cat('x', '/un/plain.gz'), 'no archive');
  writeFileSync(builder.context('Dockerfile'), `FROM scratch\nADD --checksum=${sum} ${url} /got/\n`);
  const wrong = await builder.buildAside('-t', 'y');
  t.equal(wrong.status, 1);
  t.match(wrong.stderr, /Dockerfile:2: .*not sha256:c1a7/);
});

t.test('--timestamp and SOURCE_DATE_EPOCH: two roots, one image', needed, async (t) => {
  const ids = [];
  for (const words of [
    ['--timestamp', '1000'],
    ['--build-arg', 'SOURCE_DATE_EPOCH=1000'],
  ]) {
    const builder = makeBuilder(t);
    writeFileSync(builder.context('a'), 'a');
    utimesSync(builder.context('a'), ids.length, ids.length);
    const { stdout, stderr, status } = builder.build(
      {
        Dockerfile:
          'FROM scratch AS one\nCOPY a /d/\nFROM scratch\nCOPY --from=one /d /e\nWORKDIR /w\nLABEL a=b\n',
      },
      ...words,
    );
    t.equal(status, 0, stderr);
    ids.push(stdout);
  }
  t.equal(ids[0], ids[1]);
});

t.test('ENV adds to the PATH of an image that has none', needed, async (t) => {
  const builder = makeBuilder(t);
  const Dockerfile = [
    'FROM base',
    'ENV PATH=/opt/bin:$PATH',
    'RUN mkdir /made',
    'FROM base',
    'RUN echo $PATH > /path',
  ];
  const { status, stderr } = builder.build({ Dockerfile: Dockerfile.join('\n') }, '-t', 'path');
  t.equal(status, 0, stderr);
  t.equal(builder.build({}, '-t', 'first', '--target', '0').status, 0);
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  t.equal(builder.cat('path', '/path'), `${path}\n`);
  const inspected = builder.strata(['inspect', '-f', '{{index .Config.Env 0}}', 'first']);
  t.equal(inspected.stdout, `PATH=/opt/bin:${path}\n`);
});

t.test('what an image keeps for those built on it', needed, async (t) => {
  const builder = makeBuilder(t);
  const parent = 'FROM base\nWORKDIR /app\nONBUILD COPY a /app/\nONBUILD RUN echo $V > /trigger\nENV V=1\n';
  t.equal(builder.build({ Dockerfile: parent, a: 'a' }, '-t', 'parent').status, 0);
  const { status, stderr } = builder.build({ Dockerfile: 'FROM parent\nCMD x\n' }, '-t', 'child');
  t.equal(status, 0, stderr);
  t.equal(builder.cat('child', '/app/a'), 'a');
  t.equal(builder.cat('child', '/trigger'), '1\n');
  t.match(builder.strata(['inspect', 'child']).stdout, /"OnBuild": null/);
  const broken = builder.build({ Dockerfile: 'FROM base\nONBUILD COPY nope /\n' }, '-t', 'parent');
  t.equal(broken.status, 0);
  t.match(builder.build({ Dockerfile: 'FROM parent\n' }).stderr, /ONBUILD of parent:1: COPY nope/);
});

t.test('Ctrl-C ends the step and leaves nothing mounted', needed, async (t) => {
  const builder = makeBuilder(t);
  writeFileSync(builder.context('Dockerfile'), 'FROM base\nRUN touch /kept\nRUN echo begun; sleep 1000\n');
  const child = spawn(program, ['--root', builder.root, 'build', '.'], {
    cwd: builder.context('.'),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  let isInterrupted = false;
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    // A second one ends the program at once.
    if (isInterrupted || !/^begun$/m.test(stderr)) return;
    isInterrupted = child.kill('SIGINT');
  });
  const [status] = (await once(child, 'close')) as [number | null];
  t.equal(status, 130, stderr);
  t.match(stderr, /Dockerfile:3: .*interrupted/);
  t.notMatch(readFileSync('/proc/self/mountinfo', 'utf8'), builder.root);
  t.equal(cachedIn(builder.build({ Dockerfile: 'FROM base\nRUN touch /kept\n' }).stderr), 1);
});

for (const driver of ['overlay2', 'vfs']) {
  t.test(`the driver ${driver}`, needed, async (t) => {
    const builder = makeBuilder(t, driver);
    const Dockerfile = 'FROM base\nRUN true\nRUN rm /bin/touch; echo x > /x\nCOPY . /ctx\n';
    const { status, stderr } = builder.build({ Dockerfile }, '-t', 'x');
    t.equal(status, 0, stderr);
    t.equal(builder.history('x').filter(({ size }) => size === '0B').length, 1, 'RUN true');
    const changes = builder.strata(['diff', 'base', 'x']).stdout;
    t.match(changes, /D .*bin\/touch/);
    t.notMatch(changes, /proc|sys\b|dev|resolv|hosts/);
  });
}

t.test('commands that are typed wrongly get the corrected line', needs(...mountNeeds), async (t) => {
  const builder = makeBuilder(t);
  writeFileSync(builder.context('Dockerfile'), 'FROM Base\n');
  const table: readonly (readonly [readonly string[], RegExp])[] = [
    [['build', 'Dockerfile', '-t', 'x'], /write strata build -t x \.$/m],
    [['build', '-t', 'x'], /write strata build -t x \.$/m],
    [['build', '-t', 'My_App', '.'], /write my_app$/m],
    [['build', '.'], /Dockerfile:1: FROM Base: .*write FROM base$/m],
    [['build', '-f', 'Nope', '.'], /there is no Nope/],
    [['build', 'https://example.org/x.git'], /git clone/],
    [['build', '--target', 'x', '.'], /--target|AS NAME/],
    [['build', '--label', '=x', '.'], /--label NAME=VALUE/],
    [['build', '--timestamp', 'today', '.'], /--timestamp 0/],
  ];
  for (const [words, line] of table) {
    const { status, stderr, stdout } = builder.strata(words);
    t.equal(status, 1, words.join(' '));
    t.match(stderr, line, words.join(' '));
    t.equal(stdout, '');
  }
  const warned = builder.build({ Dockerfile: 'FROM base\nCOPY app.py /opt\n', 'app.py': '' });
  t.match(warned.stderr, /warning: .*\/opt\//);
  const alone = builder.strata(['build', '-t', 'alone', '-'], { input: 'FROM base\nCMD x\n' });
  t.equal(alone.status, 0, alone.stderr);
  t.match(builder.strata(['build', '-'], { input: 'FROM base\nCOPY a /\n' }).stderr, /-:2: .*no context/);
});
