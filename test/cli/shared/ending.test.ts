/**
 * A call that comes while the process ends: it is served, by that process or by a new one, whatever the moment.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { mountNeeds, needs } from '../../fixtures/needs.ts';
import { findShared, makePlace, umount } from './fixtures/shared.ts';

const rounds = 20;

t.test('the last mount goes while another comes', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const unions = [place.union(), place.union()] as const;
  t.equal((await place.mount(unions[0])).code, 0);
  for (let round = 0; round < rounds; round++) {
    const [going, coming] = round % 2 === 0 ? unions : [unions[1], unions[0]];
    const mounting = place.mount(coming);
    // From before the call has found the process to after it has been taken.
    await new Promise((resolve) => setTimeout(resolve, (round / rounds) * 300));
    await umount(going.at);
    t.match(await mounting, { code: 0, stderr: '' }, `round ${String(round)}`);
    t.equal(readFileSync(join(coming.at, 'a'), 'utf8'), 'lower');
  }
});

t.test('several first calls at once have one process', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const unions = Array.from({ length: 6 }, () => place.union());
  const outcomes = await Promise.all(unions.map((union) => place.mount(union)));
  t.strictSame(
    outcomes.map(({ code, stderr }) => ({ code, stderr })),
    outcomes.map(() => ({ code: 0, stderr: '' })),
  );
  const pid = await findShared();
  for (const { at } of unions) t.equal(readFileSync(join(at, 'a'), 'utf8'), 'lower');
  for (const { at } of unions.slice(1)) await umount(at);
  t.equal(await findShared(), pid, 'it ends with the last, whichever was the first');
});
