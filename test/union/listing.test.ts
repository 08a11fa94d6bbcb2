/** A listing against a plain map, through random changes and reads of a few entries at a time. */
import fc from 'fast-check';
import t from 'tap';
import { asName, type Name } from '../../src/base/name.ts';
import { Cookies, hashOf } from '../../src/union/cookies.ts';
import { Entries, Listing } from '../../src/union/listing.ts';

const name = fc.integer({ min: 0, max: 30 }).map((n) => asName(`n${String(n)}`));
const change = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), name, ino: fc.nat(1000) }),
  fc.record({ kind: fc.constant('remove' as const), name }),
  fc.record({ kind: fc.constant('read' as const) }),
);

function listingOf(entries: ReadonlyMap<string, number>, cookies = new Cookies()): Listing {
  const columns = new Entries(0);
  for (const [one, ino] of entries) columns.push(asName(one), 8, ino, 0, true);
  return new Listing(columns, cookies);
}

/** Most names have the hash of another one. */
const poorHash = (one: Name): number => 3 + (one.charCodeAt(one.length - 1) % 3);

/** Everything, `count` entries at a time, as a client that goes on at the cookie of the last one. */
function readAll(listing: Listing, count: number): [string, number][] {
  const found: [string, number][] = [];
  for (let cookie = 0, more = true; more;) {
    let left = count;
    more = false;
    listing.read(cookie, (entries, i, next) => {
      if (left-- === 0) return !(more = true);
      found.push([entries.name(i), entries.inoLow(i)]);
      cookie = next;
      return true;
    });
  }
  return found;
}

/** Up to `count` entries after `cookie`, and where reading goes on. */
function takeSome(listing: Listing, cookie: number, count: number): { names: string[]; cookie: number } {
  const names: string[] = [];
  listing.read(cookie, (entries, i, next) => {
    if (names.length === count) return false;
    names.push(entries.name(i));
    cookie = next;
    return true;
  });
  return { names, cookie };
}

t.test('shows what a map holds, each name once, in the order of cookies', (t) => {
  const start = fc.uniqueArray(name).map((names) => new Map<string, number>(names.map((one) => [one, 1])));
  fc.assert(
    fc.property(
      start,
      fc.array(change, { maxLength: 60 }),
      fc.integer({ min: 1, max: 7 }),
      (map, changes, count) => {
        const listing = listingOf(map);
        const check = (): void => {
          const wanted = [...map].sort(([a], [b]) => hashOf(asName(a)) - hashOf(asName(b)));
          if (JSON.stringify(readAll(listing, count)) !== JSON.stringify(wanted))
            throw new Error('another listing');
        };
        for (const one of changes) {
          if (one.kind === 'read') check();
          else if (one.kind === 'remove') {
            map.delete(one.name);
            listing.remove(one.name);
          } else {
            map.set(one.name, one.ino);
            listing.add(one.name, 8, one.ino, 0);
          }
          if (listing.size !== map.size)
            throw new Error(`size ${String(listing.size)} of ${String(map.size)}`);
        }
        check();
      },
    ),
    { numRuns: 2000 },
  );
  t.pass();
  t.end();
});

t.test('a change between two reads moves nothing that was told', (t) => {
  const listing = listingOf(new Map(Array.from({ length: 100 }, (_, n) => [`n${String(n)}`, n])));
  const told: string[] = [];
  let cookie = 0;
  const read = (count: number): void => {
    listing.read(cookie, (entries, i, next) => {
      if (told.length === count) return false;
      told.push(entries.name(i));
      cookie = next;
      return true;
    });
  };
  read(50);
  for (const one of told.slice(0, 10)) listing.remove(asName(one));
  for (let n = 0; n < 50; n++) listing.add(asName(`new${String(n)}`), 8, n, 0);
  read(Infinity);
  t.equal(new Set(told).size, told.length, 'nothing twice');
  for (let n = 0; n < 100; n++) t.ok(told.includes(`n${String(n)}`));
  t.end();
});

t.test('names of one hash are told once each, however few at a time', (t) => {
  const cookies = new Cookies(poorHash);
  const names = Array.from({ length: 60 }, (_, n) => `n${String(n)}`);
  const listing = listingOf(new Map(names.map((one) => [one, 1])), cookies);
  for (const count of [1, 2, 7, 100]) {
    t.strictSame(
      readAll(listing, count)
        .map(([one]) => one)
        .sort(),
      names.toSorted(),
    );
  }
  listing.remove(asName('n7'));
  t.equal(listing.size, 59);
  t.notOk(readAll(listing, 1).some(([one]) => one === 'n7'));
  t.end();
});

t.test('two names that were chosen for their hash', (t) => {
  const seen = new Map<number, string>();
  let names: string[] = [];
  for (let n = 0; names.length === 0; n++) {
    const one = `name-${String(n)}`;
    const other = seen.get(hashOf(asName(one)));
    if (other !== undefined) names = [one, other].sort();
    seen.set(hashOf(asName(one)), one);
  }
  t.strictSame(
    readAll(listingOf(new Map(names.map((one) => [one, 1]))), 1)
      .map(([one]) => one)
      .sort(),
    names,
  );
  t.end();
});

// Programs of 32 bits saw directories without entries: readdir(3) there gives EOVERFLOW for a larger one.
t.test('no cookie has more than 31 bits', (t) => {
  const names = Array.from({ length: 100_000 }, (_, n) => `n${String(n)}`);
  let last = 0;
  listingOf(new Map(names.map((one) => [one, 1]))).read(0, (entries, i, cookie) => {
    if (cookie <= 2 || cookie >= 2 ** 31) t.fail(`${entries.name(i)}: ${String(cookie)}`);
    if (cookie <= last) t.fail('not in the order of cookies');
    last = cookie;
    return true;
  });
  t.ok(last > 2 ** 29);
  t.end();
});

t.test('a cookie is that of its name, whatever comes, goes, or is listed anew', (t) => {
  const cookies = new Cookies(poorHash);
  const names = Array.from({ length: 60 }, (_, n) => `n${String(n)}`);
  const told = new Map<string, number>();
  const note = (listing: Listing): void => {
    listing.read(0, (entries, i, cookie) => {
      const before = told.get(entries.name(i));
      if (before !== undefined) t.equal(cookie, before, entries.name(i));
      told.set(entries.name(i), cookie);
      return true;
    });
  };
  note(listingOf(new Map(names.map((one) => [one, 1])), cookies));
  const fewer = names.filter((_, n) => n % 4 !== 0).reverse();
  const again = listingOf(new Map(fewer.map((one) => [one, 1])), cookies);
  note(again);
  again.remove(asName('n1'));
  again.add(asName('n4'), 8, 1, 0);
  note(again);
  t.equal(new Set(told.values()).size, told.size);
  t.end();
});

t.test('of names that came late without a listing a bounded number is remembered', (t) => {
  const order = (before: number): string[] => {
    const cookies = new Cookies(() => 100);
    for (let i = 0; i < before; i++) cookies.noteLate(asName(`other${String(i)}`));
    cookies.noteLate(asName('a'));
    const names = new Map(['a', 'm'].map((one) => [one, 1]));
    return takeSome(listingOf(names, cookies), 0, 2).names;
  };
  t.strictSame(order(100), ['m', 'a'], 'it gives way');
  t.strictSame(order(30_000), ['a', 'm'], 'the first by name has it');
  t.end();
});

// Of names with one hash the smallest had it, and one that came later moved the others: they were told twice.
t.test('a newcomer moves nobody, also one that came while there was no listing', (t) => {
  for (const evicted of [false, true]) {
    const cookies = new Cookies(() => 100);
    let listing = listingOf(
      new Map([
        ['m', 1],
        ['n', 1],
      ]),
      cookies,
    );
    const told = takeSome(listing, 0, 1);
    if (evicted) {
      listing.leave();
      cookies.noteLate(asName('a'));
      listing = listingOf(
        new Map([
          ['a', 1],
          ['m', 1],
          ['n', 1],
        ]),
        cookies,
      );
    } else {
      listing.add(asName('a'), 8, 1, 0);
    }
    t.strictSame(told.names, ['m']);
    t.strictSame(takeSome(listing, told.cookie, 9).names, ['n', 'a']);
  }
  t.end();
});

t.test('who stays keeps his cookie, through random changes and evictions', (t) => {
  const step = fc.oneof(change, fc.record({ kind: fc.constant('evict' as const) }));
  fc.assert(
    fc.property(fc.uniqueArray(name), fc.array(step, { maxLength: 60 }), (names, steps) => {
      const cookies = new Cookies(poorHash);
      const there = new Set<string>(names);
      const listed = (): Listing => listingOf(new Map([...there].sort().map((one) => [one, 1])), cookies);
      let listing: Listing | undefined = listed();
      const told = new Map<string, number>();
      for (const one of [...steps, { kind: 'read' as const }]) {
        if (one.kind === 'add') {
          there.add(one.name);
          if (listing === undefined) {
            cookies.noteLate(one.name);
            told.delete(one.name);
          }
          listing?.add(one.name, 8, 1, 0);
        } else if (one.kind === 'remove') {
          there.delete(one.name);
          told.delete(one.name);
          listing?.remove(one.name);
          cookies.noteGone(one.name);
        } else if (one.kind === 'evict') {
          listing?.leave();
          listing = undefined;
        } else {
          listing ??= listed();
          const found = new Map<string, number>();
          listing.read(0, (entries, i, cookie) => {
            found.set(entries.name(i), cookie);
            return true;
          });
          if ([...found.keys()].sort().join() !== [...there].sort().join()) throw new Error('others');
          if (new Set(found.values()).size !== found.size) throw new Error('one cookie for two');
          for (const [who, cookie] of told) if (found.get(who) !== cookie) throw new Error(`${who} moved`);
          for (const [who, cookie] of found) told.set(who, cookie);
        }
      }
    }),
    { numRuns: 2000 },
  );
  t.pass();
  t.end();
});

t.test('many names of one hash', (t) => {
  const names = Array.from({ length: 50_000 }, (_, n) => `n${String(n)}`);
  const listing = listingOf(new Map(names.map((one) => [one, 1])), new Cookies(() => 77));
  t.equal(new Set(readAll(listing, 1000).map(([one]) => one)).size, names.length);
  t.end();
});

// Each of these took a time that grows with the square of what is there.
t.test('many names of few hashes that come one by one, while somebody reads', (t) => {
  for (const hash of [() => 77, (one: Name) => 3 + (Number(one.slice(1)) % 10_000)]) {
    const listing = listingOf(new Map([['n0', 1]]), new Cookies(hash));
    for (let n = 1; n < 20_000; n++) {
      listing.add(asName(`n${String(n)}`), 8, 1, 0);
      listing.read(n, () => false);
    }
    t.equal(new Set(readAll(listing, 1000).map(([one]) => one)).size, 20_000);
  }
  t.end();
});

t.test('a large directory that is read while others create and remove', (t) => {
  const names = Array.from({ length: 200_000 }, (_, n) => `n${String(n)}`);
  const listing = listingOf(new Map(names.map((one) => [one, 1])));
  const told: string[] = [];
  let cookie = 0;
  for (let n = 0, more = true; more; n++) {
    listing.add(asName(`new${String(n)}`), 8, 1, 0);
    listing.add(asName(`gone${String(n)}`), 8, 1, 0);
    listing.remove(asName(`gone${String(n - 100)}`));
    const some = takeSome(listing, cookie, 40);
    told.push(...some.names);
    more = some.names.length > 0;
    cookie = some.cookie;
  }
  t.equal(new Set(told).size, told.length, 'nothing twice');
  t.equal(told.filter((one) => /^n\d/.test(one)).length, names.length, 'nothing lost');
  t.end();
});
