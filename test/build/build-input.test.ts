import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import t from 'tap';
import { readBuildInput } from '../../src/build/build-input.ts';
import { readDockerfile } from '../../src/build/dockerfile-stream.ts';
import { programPath } from '../cli/fixtures/strata.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a .dockerignore is a file', async (t) => {
  const context = t.testdir({ Dockerfile: 'FROM scratch\n' });
  const path = join(context, '.dockerignore');
  const expected = { code: 'unreadable-file', message: /\/\.dockerignore is no file/ };
  for (const make of [
    () => {
      mkdirSync(path);
    },
    () => spawnSync('mkfifo', [path]),
    () => {
      symlinkSync('/dev/zero', path);
    },
  ]) {
    make();
    await t.rejects(readBuildInput(context, { file: undefined, tags: [] }), expected);
    rmSync(path, { recursive: true });
  }
});

t.test('a Dockerfile through a pipe is text', async (t) => {
  const read = (content: string | Buffer) => readDockerfile(Readable.from([Buffer.from(content)]));
  t.equal(await read('FROM scratch\n# \u{e4}'), 'FROM scratch\n# \u{e4}');
  t.equal(await read(''), '');
  const context = t.testdir({ Dockerfile: 'FROM scratch\n' });
  for (const option of ['-c', '-cz', '-cj', '-cJ', '-c --zstd', '-c --format=v7']) {
    const archive = execFileSync('tar', [...option.split(' '), '-C', context, '.']);
    const code = option.endsWith('v7') ? 'no-dockerfile' : 'no-context';
    await t.rejects(read(archive), { code }, option);
  }
});

t.test('a Dockerfile of somebody else', needs('root', 'build', 'program:setpriv'), (t) => {
  const { path } = makeScratch(t);
  chmodSync(path, 0o755);
  writeFileSync(join(path, 'closed'), 'FROM scratch\n', { mode: 0o600 });
  const become = ['--reuid=5', '--regid=60', '--clear-groups'];
  const words = ['--root', join(path, 'root'), 'build', '-f', join(path, 'closed'), path];
  t.match(spawnSync('setpriv', [...become, programPath, ...words], { encoding: 'utf8' }), {
    status: 1,
    stderr: /^strata: \S+\/closed cannot be read \(EACCES\): build as .*\n$/,
  });
  t.end();
});
