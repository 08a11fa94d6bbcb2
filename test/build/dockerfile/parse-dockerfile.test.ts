import t from 'tap';
import { parseDockerfile, parseTriggers } from '../../../src/build/dockerfile/parse-dockerfile.ts';
import type { StageInstruction } from '../../../src/build/dockerfile/instruction.ts';

/** The instructions that follow `FROM x`, without their places. */
function parse(text: string): unknown[] {
  const { stages } = parseDockerfile(`FROM x\n${text}`, 'Dockerfile');
  return (stages[0]?.instructions ?? []).map(withoutPlace);
}

function withoutPlace({ place, ...rest }: StageInstruction): unknown {
  return place.line > 0 ? rest : undefined;
}

const shell = (text: string) => ({ form: 'shell', text });
const exec = (...argv: string[]) => ({ form: 'exec', argv });
const run = { kind: 'run', mounts: [], network: 'default' };
const copy = { kind: 'copy', inline: [], link: false, parents: false, exclude: [] };

/** The lines, and what they mean. */
const table: readonly (readonly [string, unknown])[] = [
  ['RUN a  b', { ...run, command: shell('a  b') }],
  ['run a', { ...run, command: shell('a') }],
  ['RUN a \\\n  b', { ...run, command: shell('a   b') }],
  ['RUN a \\  \n# no\n\n  # no\n  b', { ...run, command: shell('a   b') }],
  ['RUN a && \\\n\tb', { ...run, command: shell('a && \tb') }],
  ['RUN', { ...run, command: shell('') }],
  ['RUN --network=none \\\n# nothing', { ...run, command: shell(''), network: 'none' }],
  ['RUN ["a", "b c"]', { ...run, command: exec('a', 'b c') }],
  ['RUN [ "a" ]', { ...run, command: exec('a') }],
  ["RUN ['a']", { ...run, command: shell("['a']") }],
  ['RUN [ -e /x ] || y', { ...run, command: shell('[ -e /x ] || y') }],
  ['RUN echo "#" # x', { ...run, command: shell('echo "#" # x') }],
  [
    'RUN --mount=type=cache,target=/x --mount=type=tmpfs,target=/y --network=none a --b',
    {
      ...run,
      command: shell('a --b'),
      mounts: ['type=cache,target=/x', 'type=tmpfs,target=/y'],
      network: 'none',
    },
  ],
  [
    'RUN --mount=type=bind,source="a b",target=/x \\\n  --network=host \\\n  ls',
    { ...run, command: shell('ls'), mounts: ['type=bind,source=a b,target=/x'], network: 'host' },
  ],
  [
    'RUN <<EOF\na\n# b \\\n\n$c\nEOF',
    {
      ...run,
      command: shell('a\n# b \\\n\n$c\n'),
      script: { name: 'EOF', content: 'a\n# b \\\n\n$c\n', expand: true },
    },
  ],
  [
    "RUN <<-'EOF'\n\t\ta\n\tEOF",
    { ...run, command: shell('a\n'), script: { name: 'EOF', content: 'a\n', expand: false } },
  ],
  ['RUN cat <<EOF > /x\na\nEOF', { ...run, command: shell('cat <<EOF > /x\na\nEOF\n') }],
  ['RUN cat <<A - <<B\na\nA\nb\nB', { ...run, command: shell('cat <<A - <<B\na\nA\nb\nB\n') }],
  ['RUN cat <<<word', { ...run, command: shell('cat <<<word') }],
  ['RUN echo $((1<<2)) "<<EOF"', { ...run, command: shell('echo $((1<<2)) "<<EOF"') }],
  ['COPY a b', { ...copy, sources: ['a'], destination: 'b' }],
  ['COPY a b c/', { ...copy, sources: ['a', 'b'], destination: 'c/' }],
  ['COPY ["a b", "c"]', { ...copy, sources: ['a b'], destination: 'c' }],
  [
    'COPY --from=s --chown=1:2 --chmod=755 --link --parents --exclude=*.o --exclude=x a b',
    {
      ...copy,
      ...{ from: 's', chown: '1:2', chmod: '755', link: true, parents: true, exclude: ['*.o', 'x'] },
      sources: ['a'],
      destination: 'b',
    },
  ],
  ['COPY --link=false a b', { ...copy, sources: ['a'], destination: 'b' }],
  ['COPY --link=TRUE --parents=False a b', { ...copy, link: true, sources: ['a'], destination: 'b' }],
  [
    `COPY --from="s" --chown='$U' --"chmod"=7\\55 a b`,
    { ...copy, ...{ from: 's', chown: '$U', chmod: '755' }, sources: ['a'], destination: 'b' },
  ],
  ['COPY --from= --chown="" a b', { ...copy, sources: ['a'], destination: 'b' }],
  ['COPY -- --from b', { ...copy, sources: ['--from'], destination: 'b' }],
  [
    'COPY <<A x <<"B" /d/\n$a\nA\nB',
    {
      ...copy,
      sources: ['x'],
      inline: [
        { name: 'A', content: '$a\n', expand: true },
        { name: 'B', content: '', expand: false },
      ],
      destination: '/d/',
    },
  ],
  [
    'ADD --checksum=sha256:0 http://h/f /f',
    { ...copy, kind: 'add', sources: ['http://h/f'], destination: '/f', checksum: 'sha256:0' },
  ],
  ['ENV a=b', { kind: 'env', pairs: [{ name: 'a', value: 'b' }] }],
  [
    'ENV a=b c="d e" \\\n  f=g\\ h',
    {
      kind: 'env',
      pairs: [
        { name: 'a', value: 'b' },
        { name: 'c', value: '"d e"' },
        { name: 'f', value: 'g\\ h' },
      ],
    },
  ],
  ['ENV a b  "c"', { kind: 'env', pairs: [{ name: 'a', value: 'b  "c"' }] }],
  ['ENV a==b', { kind: 'env', pairs: [{ name: 'a', value: '=b' }] }],
  ['LABEL a.b="c"', { kind: 'label', pairs: [{ name: 'a.b', value: '"c"' }] }],
  ['ARG a b=c', { kind: 'arg', args: [{ name: 'a' }, { name: 'b', value: 'c' }] }],
  [
    'ARG a-b=1 c.d 1=2 # it\'s "x',
    {
      kind: 'arg',
      args: [
        ...[{ name: 'a-b', value: '1' }, { name: 'c.d' }, { name: '1', value: '2' }],
        ...[{ name: '#' }, { name: 'it\'s "x' }],
      ],
    },
  ],
  ['ARG a=', { kind: 'arg', args: [{ name: 'a', value: '' }] }],
  ['WORKDIR /a b', { kind: 'workdir', text: '/a b' }],
  ['USER a:b', { kind: 'user', text: 'a:b' }],
  ['EXPOSE 80 $P', { kind: 'expose', text: '80 $P' }],
  ['STOPSIGNAL SIGTERM', { kind: 'stopsignal', text: 'SIGTERM' }],
  ['MAINTAINER A B', { kind: 'maintainer', text: 'A B' }],
  ['VOLUME /a /b', { kind: 'volume', values: ['/a', '/b'] }],
  ['VOLUME ["/a b"]', { kind: 'volume', values: ['/a b'] }],
  ['CMD a', { kind: 'cmd', command: shell('a') }],
  ['CMD ["a"]', { kind: 'cmd', command: exec('a') }],
  ['CMD []', { kind: 'cmd', command: exec() }],
  ['CMD', { kind: 'cmd', command: shell('') }],
  ['ENTRYPOINT ["a",\\\n "b"]', { kind: 'entrypoint', command: exec('a', 'b') }],
  ['SHELL ["/bin/bash", "-c"]', { kind: 'shell', values: ['/bin/bash', '-c'] }],
  ['ONBUILD run a', { kind: 'onbuild', trigger: 'RUN a' }],
  ['ONBUILD COPY --chown=1 a b', { kind: 'onbuild', trigger: 'COPY --chown=1 a b' }],
  ['ONBUILD RUN <<E\na\nE', { kind: 'onbuild', trigger: 'RUN <<E\na\nE\n' }],
  [
    'HEALTHCHECK --interval=1m30s --timeout=500ms --retries=2 CMD a b',
    {
      kind: 'healthcheck',
      check: {
        command: shell('a b'),
        interval: 90e9,
        timeout: 5e8,
        startPeriod: 0,
        startInterval: 0,
        retries: 2,
      },
    },
  ],
  [
    'healthcheck none',
    {
      kind: 'healthcheck',
      check: { command: 'none', interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 },
    },
  ],
];

for (const [text, expected] of table) {
  t.test(text, async (t) => t.strictSame(parse(text), [expected]));
}

t.test('instructions follow each other where Docker ends them', async (t) => {
  t.match(parse('RUN a\\\\\nRUN b'), [{ command: shell('a\\\\') }, { command: shell('b') }]);
  t.match(parse('RUN a\\\\\nRUN b\\\\\nRUN c\nRUN d'), Array(4).fill({ kind: 'run' }));
  t.match(parse('COPY <<E /x\nRUN not\nE\nRUN b'), [{ kind: 'copy' }, { command: shell('b') }]);
  t.match(parse('COPY <<E /x\r\na\r\nE\r\nRUN cat <<-F\r\n\tb\r\n\tF\r\nRUN c\r\n'), [
    { inline: [{ content: 'a\r\n' }] },
    { command: shell('cat <<-F\n\tb\r\n\tF\n') },
    { command: shell('c') },
  ]);
  t.match(parse('RUN a \\'), [{ command: shell('a') }]);
  t.match(parse('RUN a\r\nRUN b \\\r\n  c\r\n'), [{ command: shell('a') }, { command: shell('b   c') }]);
});

t.test('places survive continuation, heredocs and a second reading', async (t) => {
  const text = '# c\nFROM x\nRUN a \\\n b\nCOPY <<E /x\n1\nE\nRUN z\\\\\n\nRUN y';
  const lines = parseDockerfile(text, 'D').stages[0]?.instructions.map(({ place }) => place.line);
  t.strictSame(lines, [3, 5, 8, 10]);
});

t.test('directives', async (t) => {
  const tick = parseDockerfile(
    '# syntax=docker/dockerfile:1\n# escape=`\nFROM x\nCOPY a\\ b\nRUN a `\n b\n',
    'D',
  );
  t.match(tick, {
    escape: '`',
    syntax: 'docker/dockerfile:1',
    stages: [{ instructions: [{ sources: ['a\\'] }, { command: shell('a  b') }] }],
  });
  for (const text of ['\u{FEFF}  #EsCaPe = ` \r\nFROM x', '# check=skip=all\n#\tescape=`\nFROM x']) {
    t.equal(parseDockerfile(text, 'D').escape, '`', JSON.stringify(text));
  }
  for (const text of ['\n# escape=`\nFROM x', '# c\n# escape=`\nFROM x', '# other=1\n# escape=`\nFROM x']) {
    t.equal(parseDockerfile(text, 'D').escape, '\\', JSON.stringify(text));
  }
  t.match(parseDockerfile('\u{FEFF}FROM x', 'D'), { escape: '\\', stages: [{ from: { image: 'x' } }] });
});

t.test('stages', async (t) => {
  const text =
    'ARG V=1\nARG W\nFROM --platform=$BUILDPLATFORM a:$V AS Base\nRUN a\nFROM base\nFROM scratch as x\nRUN b';
  t.match(parseDockerfile(text, 'D'), {
    globalArgs: [{ args: [{ name: 'V', value: '1' }] }, { args: [{ name: 'W' }] }],
    stages: [
      { from: { image: 'a:$V', platform: '$BUILDPLATFORM', name: 'base' }, instructions: [{ kind: 'run' }] },
      { from: { image: 'base' }, instructions: [] },
      { from: { image: 'scratch', name: 'x' }, instructions: [{ kind: 'run' }] },
    ],
  });
});

t.test('triggers of an image are instructions', async (t) => {
  t.match(parseTriggers(['RUN a', 'COPY <<E /x\n1\nE\n'], 'img'), [
    { kind: 'run', place: { file: 'ONBUILD of img' } },
    { kind: 'copy', inline: [{ content: '1\n' }] },
  ]);
});

t.test('what only looks like JSON gets a warning', async (t) => {
  const { warnings } = parseDockerfile("FROM x\nCMD ['a', 'b']\nRUN [ -e /x ]\nCMD [\"a\",]", 'D');
  t.equal(warnings.length, 2);
  t.match(warnings[0], /^D:2: .*write \["a", "b"\]$/);
});

t.test('errors name the place and what to write', async (t) => {
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['', 'no-from', /^D:1: /],
    ['# only\n', 'no-from', /^D:1: /],
    ['# syntax=a\n# escape=`\n# Syntax=b\nFROM x', 'bad-directive', /^D:3: .*twice/],
    ['# escape=x\nFROM x', 'bad-directive', /^D:1: .*# escape=`/],
    ['RUN a\nFROM x', 'misplaced-instruction', /^D:1: RUN a: /],
    ['FROM x\nRUNN a', 'unknown-instruction', /^D:2: RUNN a: .*write RUN$/],
    ['FROM x\nCOYP a b', 'unknown-instruction', /write COPY$/],
    ['FROM x\napt-get update', 'unknown-instruction', /begins with RUN$/],
    ['FROM x\nCOPY a', 'bad-instruction', /SOURCE\.\.\. DESTINATION/],
    ['FROM x\nCOPY', 'bad-instruction', /lacks its arguments/],
    ['FROM x\nCOPY --form=a b c', 'unknown-flag', /write --from$/],
    ['FROM x\nCOPY --from a b', 'bad-flag', /--from=VALUE/],
    ['FROM x\nCOPY --from=a --from=b c d', 'repeated-flag', /twice/],
    ['FROM x\nCOPY --link --link=false c d', 'repeated-flag', /twice/],
    ['FROM x\nCOPY --link= c d', 'bad-flag', /neither true nor false/],
    ['FROM x\nCOPY --exclude c d', 'bad-flag', /--exclude=VALUE/],
    ['FROM x\nADD --from=a b c', 'unknown-flag', /there are/],
    ['FROM x\nRUN --network=x a', 'bad-flag', /default, none, host/],
    ['FROM x\nENV a', 'bad-instruction', /ENV a=VALUE/],
    ['FROM x\nENV a=b c', 'bad-instruction', /quote a value/],
    ['FROM x\nARG =2', 'bad-instruction', /ARG NAME/],
    ['FROM x\nSHELL bash', 'bad-instruction', /SHELL \["/],
    ['FROM x\nHEALTHCHECK a', 'bad-instruction', /HEALTHCHECK CMD/],
    ['FROM x\nHEALTHCHECK --interval=5 CMD a', 'bad-flag', /30s/],
    ['FROM x\nONBUILD FROM y', 'bad-instruction', /cannot keep FROM/],
    ['FROM x\nONBUILD RN y', 'unknown-instruction', /write RUN/],
    ['FROM x AS 1', 'bad-stage-name', /letter/],
    ['FROM x AS', 'bad-instruction', /AS NAME/],
    ['FROM x\nRUN <<E\na', 'open-heredoc', /write E on a line/],
    ['FROM x\nRUN a \\\n# c\n b\nFOO', 'unknown-instruction', /^D:5: FOO/],
  ];
  for (const [text, code, line] of wrong) {
    t.throws(() => parseDockerfile(text, 'D'), { code, line }, JSON.stringify(text));
  }
});
