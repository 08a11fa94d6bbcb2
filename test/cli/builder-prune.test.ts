import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { needs } from '../fixtures/needs.ts';
import { containerNeeds } from './fixtures/strata.ts';

const dockerfile = `FROM base
RUN --mount=type=cache,target=/c [ -e /c/file ] || echo new > /new; echo once > /c/file
`;

t.test('caches of builds', needs(...containerNeeds), async (t) => {
  const builder = makeBuilder(t);
  const files = { Dockerfile: dockerfile };
  const usage = (): { what: string; count: number; active: number; size: number; reclaimable: number } => {
    const rows = JSON.parse(builder.strata(['system', 'df', '--json']).stdout) as ReturnType<typeof usage>[];
    const row = rows.find(({ what }) => what === 'build cache');
    if (row === undefined) throw new Error('there is no row');
    return row;
  };
  const mounts = join(builder.root, 'image/overlay2/build/mounts');
  const build = (): string => builder.build(files, '-t', 'app').stderr;
  t.match(builder.strata(['builder', 'prune', '-f']), { status: 0, stdout: 'Total reclaimed space: 0B\n' });
  t.notMatch(build(), /CACHED/);
  t.equal(readdirSync(mounts).length, 1);
  const before = usage();
  t.ok(before.size > 0);
  t.match(before, { count: 1, active: 0 });
  t.ok(before.reclaimable > 0 && before.reclaimable < before.size, 'what is known of steps stays');
  t.match(builder.strata(['builder', 'prune']), { status: 1, stderr: /say --force/ });
  t.match(builder.strata(['builder', 'prune', '-f']), { status: 0, stdout: /^Total reclaimed space: \d+/ });
  t.strictSame(readdirSync(mounts), []);
  t.match(usage(), { count: 0, reclaimable: 0, size: before.size - before.reclaimable });
  t.match(build(), /CACHED/, 'the steps are known');
  t.equal(builder.strata(['builder', 'prune', '-af']).status, 0);
  t.notMatch(build(), /CACHED/);
  t.equal(builder.cat('app', '/new'), 'new\n', 'the cache was a new one');

  t.equal(builder.strata(['system', 'prune', '-f', '--filter', 'label=none']).status, 0);
  t.equal(readdirSync(mounts).length, 1);
  t.equal(builder.strata(['system', 'prune', '-f']).status, 0);
  t.strictSame(readdirSync(mounts), []);
  t.match(builder.strata(['system', 'check']), { status: 0 });
});
