/**
 * A step was recorded under the key of what its files were before it began, also when somebody saved one while it went on:
 * with the old content back, the cache gave what was made of the other one. So it was with all later steps of a build that
 * bound a copy of the context which an earlier step had made.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { nameToText } from '../../src/base/name.ts';
import { contentFacts } from '../../src/build/context/content-key.ts';
import { ignoreRules, noRules } from '../../src/build/context/ignore-rules.ts';
import { SeenFiles } from '../../src/build/context/seen-files.ts';
import { SourceTree } from '../../src/build/context/source-tree.ts';
import { copyFiles } from '../../src/build/execute/copy-files.ts';
import { InRoot, rootOwner } from '../../src/os/in-root.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { makeBuilder, type Builder } from '../build/fixtures/builder.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const program = fileURLToPath(new URL('../../bin/strata', import.meta.url));
const runNeeds = needs(...mountNeeds, 'program:runc');

/** Builds as `saved`; `save` is called once `when` is printed. */
async function buildWhile(builder: Builder, when: RegExp, save: () => void): Promise<string> {
  const words = ['--root', builder.root, 'build', '--explain', '-t', 'saved', '.'];
  const child = spawn(program, words, { cwd: builder.context('.'), stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  let isSaved = false;
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    if (isSaved || !when.test(stderr)) return;
    isSaved = true;
    save();
  });
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(stderr);
  return stderr;
}

t.test('while a RUN has it mounted', runNeeds, async (t) => {
  const builder = makeBuilder(t);
  const wait = 'echo wait-ing; for i in {1..100}; do [ $(cat /src/f) = B ] && break; sleep 0.1; done';
  const Dockerfile = `FROM base\nRUN --mount=type=bind,target=/src ${wait}; cat /src/f > /result`;
  builder.build({ Dockerfile, f: 'B' });
  writeFileSync(builder.context('f'), 'A');
  const stderr = await buildWhile(builder, /wait-ing\n/, () => {
    writeFileSync(builder.context('f'), 'B');
  });
  t.equal(builder.cat('saved', '/result'), 'B');
  t.match(stderr, /f changed while "RUN/);
  writeFileSync(builder.context('f'), 'A');
  const short = builder.build({}, '-t', 'other').stderr;
  t.notMatch(short, /2\/2\] CACHED/);
  t.equal(builder.cat('other', '/result'), 'A');
  t.match(builder.build({}).stderr, /2\/2\] CACHED/, 'a step that nothing disturbed is kept');
});

t.test('between two that have a copy of the context', runNeeds, async (t) => {
  const builder = makeBuilder(t);
  const bind = 'RUN --mount=type=bind,target=/src';
  const Dockerfile = `FROM base\n${bind} echo wait-ing; sleep 2\n${bind} cat /src/f > /result`;
  for (const [name, content] of Object.entries({ Dockerfile, f: 'A', '.dockerignore': 'x' }))
    writeFileSync(builder.context(name), content);
  const stderr = await buildWhile(builder, /wait-ing\n/, () => {
    writeFileSync(builder.context('f'), 'B');
  });
  t.equal(builder.cat('saved', '/result'), 'B');
  t.notMatch(stderr, /changed while/, 'the first has what it had from the beginning');
  builder.build({ f: 'A' }, '-t', 'other');
  t.equal(builder.cat('other', '/result'), 'A');
});

t.test('while a COPY goes on', needs(...mountNeeds), async (t) => {
  const builder = makeBuilder(t);
  for (let n = 0; n < 600; n++) writeFileSync(builder.context(`a${String(n)}`), 'a');
  for (const [name, content] of Object.entries({ Dockerfile: 'FROM scratch\nCOPY . /', z: 'A' }))
    writeFileSync(builder.context(name), content);
  await buildWhile(builder, /not built before/, () => {
    writeFileSync(builder.context('z'), 'B');
  });
  builder.build({ z: 'A' }, '-t', 'other');
  t.equal(builder.cat('other', '/z'), 'A');
});

/** What is done to a context between key and copy, and afterwards; the path that is then told. */
const changes: readonly {
  readonly what: string;
  readonly before?: (path: string) => void;
  readonly after?: (path: string) => void;
  readonly told: string | undefined;
}[] = [
  { what: 'nothing', told: undefined },
  {
    what: 'saved',
    before: (path) => {
      writeFileSync(`${path}/d/f`, '2');
    },
    told: 'd/f',
  },
  {
    what: 'saved with the same size and time',
    before: (path) => {
      writeFileSync(`${path}/d/f`, '2');
      utimesSync(`${path}/d/f`, 1, 1);
    },
    told: 'd/f',
  },
  {
    what: 'saved and put back',
    before: (path) => {
      writeFileSync(`${path}/d/f`, '2');
    },
    after: (path) => {
      writeFileSync(`${path}/d/f`, '1');
    },
    told: 'd/f',
  },
  {
    what: 'removed',
    before: (path) => {
      rmSync(`${path}/d/f`);
    },
    told: 'd/f',
  },
  {
    what: 'made',
    before: (path) => {
      writeFileSync(`${path}/d/new`, '');
    },
    told: 'd/new',
  },
  {
    what: 'there for a while',
    before: (path) => {
      writeFileSync(`${path}/d/new`, '');
    },
    after: (path) => {
      rmSync(`${path}/d/new`);
    },
    told: 'd/new',
  },
  {
    what: 'away for a while',
    before: (path) => {
      renameSync(`${path}/d`, `${path}/left-out`);
    },
    after: (path) => {
      renameSync(`${path}/left-out`, `${path}/d`);
    },
    told: 'd',
  },
  {
    what: 'left out',
    before: (path) => {
      writeFileSync(`${path}/left-out`, '');
    },
    told: undefined,
  },
];

for (const { what, before, after, told } of changes) {
  t.test(`a file that is ${what}`, async (t) => {
    const { path } = makeScratch(t);
    for (const directory of ['context/d', 'target']) mkdirSync(`${path}/${directory}`, { recursive: true });
    const context = `${path}/context`;
    writeFileSync(`${context}/d/f`, '1');
    utimesSync(`${context}/d/f`, 1, 1);
    const fs = new RealFs();
    const tree = new SourceTree(fs, context, { rules: ignoreRules(['left-out'], '.dockerignore') });
    const target = new InRoot(`${path}/target`);
    t.teardown(() => {
      tree.close();
      target.close();
    });
    const { signal } = new AbortController();
    const seen = new SeenFiles(tree);
    const sources = tree.find('.').map((found) => ({ tree, found, seen }));
    for (const { found } of sources)
      await contentFacts(fs, tree, found, { owners: 'ignored', rules: noRules, seen, signal });
    before?.(context);
    const attributes = { owner: rootOwner };
    await copyFiles(fs, target, { sources, destination: '/', attributes, exclude: noRules, signal });
    after?.(context);
    await seen.checkCopy(signal);
    t.equal(seen.change === undefined ? undefined : nameToText(seen.change), told);
  });
}
