/**
 * Volumes that an image asks for, as it spells them: two spellings of one place were two mounts there, and a relative
 * path was refused, by every run of what had been built without a word.
 */
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('each place has one volume', needs(...containerNeeds), (t) => {
  const { scratch, get } = makeStrata(t);
  const context = scratch.directory('context');
  writeFileSync(`${context}/Dockerfile`, 'FROM base\nVOLUME ["/data/", "/data", "below/x", "../up"]\n');
  get('build', '-q', '-t', 'asking', context);
  get('create', '--name', 'asker', '-v', 'named:/up', 'asking', 'sh', '-c', 'touch /data/x /below/x/x /up/x');
  const mounts = (
    JSON.parse(get('inspect', 'asker')) as [{ Mounts: { Destination: string; Name: string }[] }]
  )[0].Mounts;
  t.strictSame(mounts.map(({ Destination }) => Destination).sort(), ['/below/x', '/data', '/up']);
  t.equal(mounts.find(({ Destination }) => Destination === '/up')?.Name, 'named');
  get('start', '-a', 'asker');
  t.end();
});
