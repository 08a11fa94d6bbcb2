/**
 * `--volumes-from` filled the volumes of the other container, where they were empty, from the new container's image. Docker
 * never does: what is in them is that container's.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('volumes of another container', needs(...containerNeeds), (t) => {
  const { get } = makeStrata(t, (path) => {
    mkdirSync(`${path}/data`);
    writeFileSync(`${path}/data/file`, 'of the image');
    return path;
  });
  get('create', '--name', 'one', '-v', 'kept:/data', 'base', 'true');
  const content = get('volume', 'inspect', '-f', '{{.Mountpoint}}', 'kept');
  rmSync(`${content}/file`);
  get('create', '--name', 'two', '--volumes-from', 'one', 'base', 'true');
  t.strictSame(readdirSync(content), []);
  get('create', '--name', 'three', '-v', 'kept:/data', 'base', 'true');
  t.strictSame(readdirSync(content), ['file'], 'while one of its own is filled');
  t.end();
});
