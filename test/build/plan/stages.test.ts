import t from 'tap';
import { parseDockerfile, parseTriggers } from '../../../src/build/dockerfile/parse-dockerfile.ts';
import { BuildArgs } from '../../../src/build/plan/build-args.ts';
import { ownPlatform, platformArgs } from '../../../src/build/plan/platform.ts';
import { checkPlatforms, neededStages, resolveStages, targetStage } from '../../../src/build/plan/stages.ts';

const own = ownPlatform('x64');

function resolve(text: string, given: Readonly<Record<string, string>> = {}) {
  const args = new BuildArgs(new Map(Object.entries(given)), platformArgs(own, 'default'));
  return resolveStages(parseDockerfile(text, 'D'), args);
}

function needed(text: string, target?: string): number[] {
  const stages = resolve(text);
  return neededStages(stages, targetStage(stages, target)).map(({ index }) => index);
}

t.test('what a stage is based on', async (t) => {
  const bases = (text: string, given = {}) => resolve(text, given).map(({ base }) => base);
  t.strictSame(bases('FROM scratch\nFROM Scratch AS a\nFROM A\nFROM debian:12'), [
    { kind: 'scratch' },
    { kind: 'scratch' },
    { kind: 'stage', index: 1 },
    { kind: 'image', name: 'debian:12' },
  ]);
  t.strictSame(bases('ARG V=12\nARG I=debian:$V\nFROM $I'), [{ kind: 'image', name: 'debian:12' }]);
  t.strictSame(bases('ARG V=12\nARG I=debian:$V\nFROM $I', { V: '11' }), [
    { kind: 'image', name: 'debian:11' },
  ]);
  t.strictSame(bases('ARG B\nFROM ${B:-scratch}'), [{ kind: 'scratch' }]);
  t.strictSame(bases('FROM scratch AS x-amd64\nFROM x-$TARGETARCH'), [
    { kind: 'scratch' },
    { kind: 'stage', index: 0 },
  ]);
});

t.test('only what the target needs', async (t) => {
  const text = [
    'FROM scratch AS a',
    'FROM scratch AS b',
    'COPY --from=a x y',
    'FROM scratch AS unused',
    'COPY --from=b x y',
    'FROM scratch AS c',
    'RUN --mount=type=bind,from=b,target=/x true',
    'FROM c AS d',
    'COPY --from=0 x y',
    'COPY --from=busybox x y',
  ].join('\n');
  t.strictSame(needed(text), [0, 1, 3, 4]);
  t.strictSame(needed(text, 'B'), [0, 1]);
  t.strictSame(needed(text, '2'), [0, 1, 2]);
  t.strictSame(needed('FROM scratch\nFROM scratch'), [1]);
});

t.test(
  'what a stage keeps for those built on it counts there, and so does what an image keeps',
  async (t) => {
    const text = [
      'FROM scratch AS a',
      'FROM scratch AS b',
      'FROM scratch AS c',
      'ONBUILD COPY --from=a x y',
      'ONBUILD RUN --mount=from=b,target=/x true',
      'FROM c',
    ].join('\n');
    t.strictSame(needed(text), [0, 1, 2, 3]);
    t.strictSame(needed(text, 'c'), [2]);
    const stages = resolve('FROM scratch AS a\nFROM image');
    const triggers = new Map([[1, parseTriggers(['COPY --from=a x y'], 'image')]]);
    t.strictSame(
      neededStages(stages, targetStage(stages, undefined), triggers).map(({ index }) => index),
      [0, 1],
    );
  },
);

t.test('a stage may be named scratch, and is meant from there on', async (t) => {
  const text = 'FROM x AS Scratch\nFROM scratch\nCOPY --from=scratch a b';
  t.match(resolve(text), [{ base: { name: 'x' } }, { base: { kind: 'stage', index: 0 } }]);
  t.match(resolve('FROM scratch AS scratch'), [{ base: { kind: 'scratch' } }]);
});

t.test('a mount names its stage as it names its other fields', async (t) => {
  for (const mount of [
    'type=bind,From=B,target=/x',
    'type=bind,"from=b",target=/x',
    "type=bind,from='b',target=/x",
    '"type=bind,from=b,target=/x"',
    'type=cache,target="/x,from=a",FROM="b"',
  ]) {
    const text = `FROM scratch AS a\nFROM scratch AS b\nFROM scratch\nRUN --mount=${mount} true`;
    t.strictSame(needed(text), [1, 2], mount);
  }
});

t.test('of two stages of one name FROM means the one above, --from the last, with a warning', async (t) => {
  const text = [
    'FROM x AS a',
    'FROM a AS b',
    'FROM a AS A',
    'FROM a',
    'COPY --from=a x y',
    'RUN --mount=from=b,target=/x true',
  ].join('\n');
  t.strictSame(needed(text), [0, 1, 2, 3]);
  for (const from of [
    'FROM scratch AS x\nCOPY --from=a x y\nFROM y AS a',
    'FROM y AS a\nCOPY --from=a x y',
  ]) {
    t.throws(() => needed(`FROM x AS a\n${from}\nFROM scratch\nCOPY --from=1 x y`), {
      code: 'unknown-stage',
      line: /another name, or write --from=0/,
    });
  }
  t.strictSame(needed(text, 'a'), [0, 2]);
  t.match(
    resolve(text).map(({ base }) => base),
    [{ name: 'x' }, { index: 0 }, { index: 0 }, { index: 2 }],
  );
  t.strictSame(parseDockerfile(text, 'D').warnings, [
    'D:3: FROM a AS A: there are two stages named a; from here on FROM means this one, and --from the last everywhere',
  ]);
  t.strictSame(parseDockerfile('FROM x AS a\nFROM y AS b\nFROM z', 'D').warnings, []);
});

t.test('the platform is this machine’s', async (t) => {
  for (const platform of [
    ...['linux/amd64', '$BUILDPLATFORM', 'linux/x86_64', '${TARGETOS}/$TARGETARCH'],
    ...['amd64', 'linux', 'Linux/AMD64/v1', '"linux(+x)/amd64"', ''],
  ]) {
    t.doesNotThrow(() => {
      checkPlatforms(resolve(`FROM --platform=${platform} scratch`), own);
    }, platform);
  }
  for (const platform of [
    'linux/arm64',
    'windows/amd64',
    'linux/amd64/v9',
    'arm',
    'plan9',
    'constructor',
    'linux/toString',
    'linux/amd64/__proto__',
    'linux/amd64/v1/x',
    '$none',
  ]) {
    const act = () => {
      checkPlatforms(resolve(`FROM --platform=${platform} x`), own);
    };
    t.throws(act, { code: 'foreign-platform', line: /^D:1: .*linux\/amd64/ });
  }
  t.strictSame(needed('FROM --platform=linux/arm64 x\nFROM y'), [1], 'of what is needed');
});

t.test('what a build has of itself can be given, too', async (t) => {
  t.match(resolve('FROM x-$TARGETARCH-$TARGETOS', { TARGETARCH: 'riscv64' }), [
    { base: { name: 'x-riscv64-linux' } },
  ]);
});

t.test('errors say what there is', async (t) => {
  const wrong: readonly (readonly [() => unknown, string, RegExp])[] = [
    [() => resolve('ARG B\nFROM $B'), 'blank-image', /D:2: .*--build-arg/],
    [() => needed('FROM x\nCOPY --from=1 a b'), 'unknown-stage', /first stage/],
    [() => needed('FROM x AS a\nCOPY --from=a a b'), 'unknown-stage', /above/],
    [
      () => needed('FROM x\nCOPY --from=b a b\nFROM y AS b\nCOPY --from=0 a b'),
      'unknown-stage',
      /move it up/,
    ],
    [() => needed('FROM x\nCOPY --from=$b a b'), 'bad-flag', /FROM \$b AS NAME/],
    [() => needed('FROM x AS build', 'biuld'), 'unknown-target', /--target build/],
    [() => needed('FROM x AS build', 'z'), 'unknown-target', /there are build/],
    [() => needed('FROM x', 'z'), 'unknown-target', /AS NAME/],
  ];
  for (const [act, code, line] of wrong) t.throws(act, { code, line }, String(line));
});

t.test('arguments: who declares them sees them', async (t) => {
  const given = new Map([
    ['A', 'given'],
    ['UNUSED', 'x'],
    ['http_proxy', 'p'],
  ]);
  const args = new BuildArgs(given, platformArgs(own, 'last'));
  const { globalArgs, stages } = parseDockerfile(
    'ARG A=0\nARG G=global\nFROM x\nARG A\nARG G\nARG N\nARG G=own TARGETARCH TARGETSTAGE',
    'D',
  );
  for (const instruction of globalArgs) args.declareGlobal(instruction, (word) => word);
  const scope = new Map<string, string>();
  const seen: string[][] = [];
  for (const instruction of stages[0]!.instructions) {
    if (instruction.kind === 'arg') args.declare(instruction, scope, (word) => word);
    seen.push([...scope].map(([name, value]) => `${name}=${value}`));
  }
  t.strictSame(seen, [
    ['A=given'],
    ['A=given', 'G=global'],
    ['A=given', 'G=global'],
    ['A=given', 'G=own', 'TARGETARCH=amd64', 'TARGETSTAGE=last'],
  ]);
  t.strictSame(args.unused(), ['UNUSED']);
  t.strictSame(args.proxies(), [['http_proxy', 'p']]);
});
