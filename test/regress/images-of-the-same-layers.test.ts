/**
 * Images that differ in their configuration only, as after FROM and CMD: a container of one was taken for one of the other,
 * which could not be removed then, and was kept by `image prune -a`.
 */
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('images of the same layers', needs(...containerNeeds), (t) => {
  const { get, run, scratch } = makeStrata(t);
  const context = scratch.directory('context');
  const derive = (word: string): void => {
    writeFileSync(`${context}/Dockerfile`, `FROM base\nCMD ["echo", "${word}"]\n`);
    get('build', '-t', word, context);
  };
  derive('derived');
  get('run', '-d', '--name', 'busy', 'base', 'sleep', '1000');
  t.match(get('rmi', 'derived'), /^Untagged: derived:latest\nDeleted: sha256:[0-9a-f]{64}$/);
  t.match(run('rmi', 'base'), { status: 1, stderr: /is made of the image/ });
  t.equal(get('exec', 'busy', 'echo', 'on'), 'on', 'its layers are there');

  for (const word of ['kept', 'unused']) derive(word);
  get('create', '--name', 'idle', 'kept');
  get('rm', '-f', 'busy');
  get('image', 'prune', '-af');
  t.equal(get('images', '--format', '{{.Repository}}'), 'kept');
  t.equal(get('start', '-a', 'idle'), 'kept');
  t.end();
});
