import t from 'tap';
import { parseDockerfile } from '../../../src/build/dockerfile/parse-dockerfile.ts';
import { configure, type ConfigInstruction, type Configured } from '../../../src/build/plan/configure.ts';
import { findEnv, type ContainerConfig } from '../../../src/build/plan/container-config.ts';

/** The configuration that the lines make of `base`, and the lines of the history. */
function configured(
  text: string,
  base: ContainerConfig = {},
): { config: ContainerConfig; history: string[] } {
  const image: Configured = { config: structuredClone(base), ownCmd: false };
  const { stages, escape } = parseDockerfile(`FROM x\n${text}`, 'D');
  const variables = { find: (name: string) => findEnv(image.config, name) };
  const history = (stages[0]?.instructions as ConfigInstruction[]).map((instruction) =>
    configure(image, instruction, { escape, variables }),
  );
  return { config: image.config, history };
}

/** Lines, the configuration before them, and what they make of it. */
const table: readonly (readonly [string, ContainerConfig, ContainerConfig])[] = [
  ['ENV a=b', {}, { Env: ['a=b'] }],
  ['ENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc', {}, { Env: ['abc=bye', 'def=hello', 'ghi=bye'] }],
  ['ENV PATH=/x:$PATH', { Env: ['PATH=/bin', 'A=1'] }, { Env: ['PATH=/x:/bin', 'A=1'] }],
  ['ENV a "b c" d', {}, { Env: ['a=b c d'] }],
  ['ENV a=', {}, { Env: ['a='] }],
  ['LABEL a="b c" "d"=e', {}, { Labels: { a: 'b c', d: 'e' } }],
  ['LABEL a=2', { Labels: { a: '1', b: '1' } }, { Labels: { a: '2', b: '1' } }],
  ['WORKDIR a\nWORKDIR ../b', {}, { WorkingDir: '/b' }],
  ['WORKDIR c', { WorkingDir: '/a/b' }, { WorkingDir: '/a/b/c' }],
  ['ENV D=/x\nWORKDIR $D/y', {}, { Env: ['D=/x'], WorkingDir: '/x/y' }],
  ['USER 1:2', { User: 'root' }, { User: '1:2' }],
  ['USER $none', { User: 'root' }, { User: '' }],
  ['WORKDIR $none', { WorkingDir: '/a' }, { WorkingDir: '/a' }],
  ['CMD a b', {}, { Cmd: ['/bin/sh', '-c', 'a b'] }],
  ['CMD ["a","b"]', { Cmd: ['x'] }, { Cmd: ['a', 'b'] }],
  ['CMD', { Cmd: ['x'] }, { Cmd: ['/bin/sh', '-c', ''] }],
  ['CMD []', { Cmd: ['x'] }, { Cmd: [] }],
  ['ENTRYPOINT ["e"]', { Cmd: ['x'] }, { Entrypoint: ['e'] }],
  ['CMD ["a"]\nENTRYPOINT ["e"]', { Cmd: ['x'] }, { Entrypoint: ['e'], Cmd: ['a'] }],
  ['SHELL ["/bin/bash","-c"]\nCMD a', {}, { Shell: ['/bin/bash', '-c'], Cmd: ['/bin/bash', '-c', 'a'] }],
  ['VOLUME /a /b', { Volumes: { '/c': {} } }, { Volumes: { '/c': {}, '/a': {}, '/b': {} } }],
  [
    'EXPOSE 80 53/udp 8000-8001',
    {},
    { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {} } },
  ],
  [
    'EXPOSE 8080:81 127.0.0.1::82/ [::1]:1-2:83-84/UDP 9000-9000 0',
    {},
    { ExposedPorts: { '81/tcp': {}, '82/tcp': {}, '83/udp': {}, '84/udp': {}, '9000/tcp': {}, '0/tcp': {} } },
  ],
  ['EXPOSE $none "$none" 80', {}, { ExposedPorts: { '80/tcp': {} } }],
  ['ENV P="80 81"\nEXPOSE $P', {}, { Env: ['P=80 81'], ExposedPorts: { '80/tcp': {}, '81/tcp': {} } }],
  ['STOPSIGNAL SIGINT', {}, { StopSignal: 'SIGINT' }],
  ['STOPSIGNAL 9', {}, { StopSignal: '9' }],
  ['STOPSIGNAL "rtmin+3"', {}, { StopSignal: 'rtmin+3' }],
  ['STOPSIGNAL SIGCLD', {}, { StopSignal: 'SIGCLD' }],
  ['HEALTHCHECK NONE', {}, { Healthcheck: { Test: ['NONE'] } }],
  [
    'HEALTHCHECK --interval=1s --retries=3 CMD ["a"]',
    {},
    { Healthcheck: { Test: ['CMD', 'a'], Interval: 1e9, Retries: 3 } },
  ],
  [
    'HEALTHCHECK --interval=.5s --timeout=+1.m --start-period="1h" --start-interval= --retries=+2 cmd ["a"]',
    {},
    {
      Healthcheck: { Test: ['CMD', 'a'], Interval: 5e8, Timeout: 60e9, StartPeriod: 3600e9, Retries: 2 },
    },
  ],
  ['HEALTHCHECK CMD a b', {}, { Healthcheck: { Test: ['CMD-SHELL', 'a b'] } }],
  ['ONBUILD RUN x\nONBUILD copy a b', {}, { OnBuild: ['RUN x', 'COPY a b'] }],
];

for (const [text, base, expected] of table) {
  t.test(text, async (t) => t.strictSame(configured(text, base).config, expected));
}

t.test('the history tells what variables stood for', async (t) => {
  t.strictSame(configured('ENV a=b\nWORKDIR /$a\nCMD x $a').history, [
    'ENV a=b',
    'WORKDIR /b',
    'CMD ["/bin/sh","-c","x $a"]',
  ]);
});

t.test('what cannot be', async (t) => {
  for (const [text, code] of [
    ['EXPOSE a', 'bad-port'],
    ['EXPOSE 70000', 'bad-port'],
    ['EXPOSE 9-8', 'bad-port'],
    ['EXPOSE 80/http', 'bad-port'],
    ['EXPOSE x:80', 'bad-port'],
    ['EXPOSE 1-2:80-82', 'bad-port'],
    ['EXPOSE localhost:1:80', 'bad-port'],
    ['EXPOSE 80:', 'bad-port'],
    ['STOPSIGNAL SIGFOO', 'bad-signal'],
    ['VOLUME $unset', 'blank-value'],
    ['STOPSIGNAL $unset', 'bad-signal'],
    ['STOPSIGNAL 0', 'bad-signal'],
    ['STOPSIGNAL SIGRTMINUS', 'bad-signal'],
    ['USER "a', 'bad-quotes'],
  ] as const) {
    t.throws(() => configured(text), { code }, text);
  }
});
