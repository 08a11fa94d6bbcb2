/**
 * A call that comes while the process ends: it is served, by that process or by a new one, whatever the moment.
 */
import { readFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import t from 'tap';
import { asName } from '../../../src/base/name.ts';
import { UserError } from '../../../src/base/user-error.ts';
import { parseCommandLine } from '../../../src/cli/command-line.ts';
import { join } from '../../../src/cli/shared/join.ts';
import { mountNeeds, needs } from '../../fixtures/needs.ts';
import { findShared, makePlace, meetingPlace, umount } from './fixtures/shared.ts';

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
    t.equal(readFileSync(joinPath(coming.at, 'a'), 'utf8'), 'lower');
  }
});

t.test('a call that is ended when it begins to serve begins nothing', needs(...mountNeeds), async (t) => {
  const union = makePlace(t).union();
  const command = parseCommandLine(['-o', union.options, union.at], asName('/'));
  if (command.act !== 'mount') throw new Error('no mount');
  const reason = new UserError('interrupted', 'ended by SIGTERM');
  const ending = new AbortController();
  const place = meetingPlace();
  let asked = 0;
  const joining = join({
    spec: command.spec,
    place: {
      ...place,
      // Once to find who serves, again under the lock, and then to listen.
      get path() {
        if (++asked === 3) ending.abort(reason);
        return place.path;
      },
    },
    hear: () => undefined,
    signal: ending.signal,
  });
  await t.rejects(joining, reason);
  t.equal(asked, 3);
  t.equal(await findShared(), undefined, 'nobody listens');
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
  for (const { at } of unions) t.equal(readFileSync(joinPath(at, 'a'), 'utf8'), 'lower');
  for (const { at } of unions.slice(1)) await umount(at);
  t.equal(await findShared(), pid, 'it ends with the last, whichever was the first');
});
