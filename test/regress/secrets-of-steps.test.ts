/**
 * A secret that a step may do without, and that was not given, was an empty file; BuildKit mounts nothing then. One that was
 * given by its id alone was a variable always; where there is none buildx takes the file of that name.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { programPath } from '../cli/fixtures/strata.ts';
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

t.test('what a secret holds is written to no disk', needed, async (t) => {
  const builder = makeBuilder(t);
  const find = (place: string) =>
    spawnSync('grep', ['-rl', 'known to a few', place], { encoding: 'utf8' }).stdout;
  const Dockerfile =
    'FROM base\nRUN --mount=type=secret,id=s,uid=33,mode=440 ls -ln /run/secrets/s > /seen; [ -s /run/secrets/s ]\n' +
    'RUN <<END\n#!/bin/sh\nls -l $0 > /script\nEND\nRUN echo wait-ing; sleep 3';
  for (const [name, content] of Object.entries({ Dockerfile, s: 'known to a few' }))
    writeFileSync(builder.context(name), content);
  const words = ['--root', builder.root, 'build', '-t', 'built', '--secret', 'id=s,src=s', '.'];
  const child = spawn(programPath, words, { cwd: builder.context('.'), stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  let found: string | undefined;
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    if (found === undefined && stderr.includes('wait-ing\n'))
      found = find(builder.root) + find('/run/strata');
  });
  const [status] = (await once(child, 'close')) as [number | null];
  t.equal(status, 0, stderr);
  t.equal(found, '');
  t.match(builder.cat('built', '/seen'), /^-r--r----- 1 33 0 /);
  t.match(builder.cat('built', '/script'), /^-rwxr-xr-x 1 root root /);
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
