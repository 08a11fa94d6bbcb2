/**
 * Signals were heeded by RUN alone: a download, a wait for a cache that another build has, and the loops of COPY went on, and
 * where that was the last step the image got its name and the build ended with 0.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { noRules } from '../../src/build/context/ignore-rules.ts';
import { SourceTree } from '../../src/build/context/source-tree.ts';
import { copyFiles } from '../../src/build/execute/copy-files.ts';
import { LoopTurns } from '../../src/build/loop-turns.ts';
import { InRoot, rootOwner } from '../../src/os/in-root.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { makeBuilder, type Builder } from '../build/fixtures/builder.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const program = fileURLToPath(new URL('../../bin/strata', import.meta.url));

/** Starts a build of `lines`, tagged `interrupted`; `when` is looked for in what it prints, and answered by a signal. */
function start(builder: Builder, lines: readonly string[], when?: RegExp) {
  const words = ['--root', builder.root, 'build', '-t', 'interrupted', '-f', '-', '.'];
  const child = spawn(program, words, { cwd: builder.context('.'), stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin.end(lines.join('\n'));
  let stderr = '';
  let isSent = false;
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    if (isSent || when?.test(stderr) !== true) return;
    isSent = true;
    child.kill('SIGINT');
  });
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, stderr }));
  return { child, ended, output: () => stderr };
}

async function isInterrupted(t: Test, builder: Builder, lines: readonly string[], when: RegExp) {
  const { status, stderr } = await start(builder, lines, when).ended;
  t.equal(status, 130, stderr);
  t.match(stderr, /interrupted/);
  t.equal(builder.strata(['inspect', 'interrupted']).status, 1, 'it has no name');
}

t.test('a download', needs(...mountNeeds), async (t) => {
  const builder = makeBuilder(t);
  const server = createServer((_request, response) => void response.write('begun')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  await isInterrupted(t, builder, ['FROM scratch', `ADD http://127.0.0.1:${String(port)}/x /x`], /ADD http/);
});

t.test('the copy of many files', needs(...mountNeeds), async (t) => {
  const builder = makeBuilder(t);
  mkdirSync(builder.context('many'));
  for (let i = 0; i < 8000; i += 1) writeFileSync(builder.context(`many/${String(i)}`), '');
  const lines = ['FROM scratch', 'COPY many /many/'];
  await isInterrupted(t, builder, lines, /COPY many/);
  const again = await start(builder, lines).ended;
  t.equal(again.status, 0, again.stderr);
  t.notMatch(again.stderr, /CACHED/, 'nothing of it is remembered');
});

t.test('the wait for a cache', needs(...mountNeeds, 'program:runc'), async (t) => {
  const builder = makeBuilder(t);
  const mount = '--mount=type=cache,target=/cache,sharing=locked';
  const holder = start(builder, ['FROM base', `RUN ${mount} echo held; sleep 1000`]);
  while (!/^held$/m.test(holder.output())) await once(holder.child.stderr, 'data');
  await isInterrupted(t, builder, ['FROM base', `RUN ${mount} true`], /RUN/);
  holder.child.kill('SIGINT');
  t.equal((await holder.ended).status, 130);
});

t.test('the copy of a large file', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const [from, to] = [scratch.directory('from'), scratch.directory('to')];
  for (const name of ['a', 'b', 'c']) writeFileSync(`${from}/${name}`, Buffer.alloc(32 << 20, name));
  const fs = new RealFs();
  const [tree, target] = [new SourceTree(fs, from), new InRoot(to)];
  t.teardown(() => {
    tree.close();
    target.close();
  });
  const reason = new Error('stopped');
  const controller = new AbortController();
  setImmediate(() => {
    controller.abort(reason);
  });
  const copied = copyFiles(fs, target, {
    sources: tree.find('*').map((found) => ({ tree, found })),
    destination: '/',
    attributes: { owner: rootOwner, mode: undefined },
    exclude: noRules,
    signal: controller.signal,
  });
  await t.rejects(copied, reason);
});

t.test('a loop that awaits nothing', async (t) => {
  const reason = new Error('stopped');
  const controller = new AbortController();
  setImmediate(() => {
    controller.abort(reason);
  });
  const turns = new LoopTurns(controller.signal);
  const endMs = performance.now() + 10_000;
  const loop = async () => {
    while (performance.now() < endMs) await turns.take();
  };
  await t.rejects(loop(), reason);
});
