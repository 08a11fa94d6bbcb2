import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readBuildInput } from '../../src/build/build-input.ts';
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
