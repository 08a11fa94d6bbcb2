/**
 * `which`, `cat` and `tree` of a path through a link, /bin/sh where /bin is usr/bin, said that there was no such file, or printed
 * nothing.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('through links in an image', needs('root', 'build'), async (t) => {
  const { get, run } = makeStrata(t, (path) => {
    mkdirSync(`${path}/usr/bin`, { recursive: true });
    writeFileSync(`${path}/usr/bin/tool`, 'it\n');
    symlinkSync('usr/bin', `${path}/bin`);
    symlinkSync('/../../usr', `${path}/usr/round`);
    symlinkSync('tool', `${path}/usr/bin/link`);
    symlinkSync('turn', `${path}/turn`);
    return path;
  });
  t.match(get('which', 'base:/bin/tool'), /^\/usr\/bin\/tool: layer/);
  t.match(get('which', 'base:/bin/link'), /^\/usr\/bin\/link: layer/, 'the last one is what is asked about');
  t.equal(get('cat', 'base:/bin/tool'), 'it');
  t.equal(get('cat', 'base:/bin/../round/bin/tool'), 'it');
  t.match(run('cat', 'base:/bin/link'), { status: 1, stderr: /it is a link to tool/ });
  t.match(run('cat', 'base:/turn/x'), { status: 1, stderr: /circles/ });
  t.equal(get('tree', 'base', '/bin'), 'link\ntool');
  t.match(run('tree', 'base', '/bin/tool'), { status: 1, stderr: /no directory/ });
  t.match(run('tree', 'base', '/nothing'), { status: 1, stderr: /there is no/ });
});
