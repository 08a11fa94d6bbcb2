/** Which listings stay: those within the budget, and those that somebody is reading. */
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { S_IFDIR } from '../../src/os/constants.ts';
import { Cookies } from '../../src/union/cookies.ts';
import { ListingCache } from '../../src/union/listing-cache.ts';
import { Entries, Listing } from '../../src/union/listing.ts';
import { DirState, type Node } from '../../src/union/node.ts';
import { NodeTable } from '../../src/union/node-table.ts';

function makeCache(): { cache: ListingCache; list: (name: string) => Node } {
  const cache = new ListingCache(100);
  const table = new NodeTable(() => undefined);
  const root = table.add(S_IFDIR, undefined, asName(''));
  const list = (name: string): Node => {
    const node = table.add(S_IFDIR, root, asName(name));
    const entries = new Entries(60);
    for (let n = 0; n < 60; n++) entries.push(asName(String(n)), 8, n, 0, true);
    node.dir = new DirState(undefined, [], false);
    node.dir.listing = new Listing(entries, new Cookies());
    cache.renew(node);
    return node;
  };
  return { cache, list };
}

t.test('the least recently used goes first', (t) => {
  const { cache, list } = makeCache();
  const [one, two] = [list('one'), list('two')];
  t.equal(one.dir?.listing, undefined);
  t.ok(two.dir?.listing, 'it is more than the budget together with another');
  cache.clear();
  t.equal(two.dir?.listing, undefined);
  t.end();
});

// Two readers of directories larger than the budget had each other's listing made anew with each reply, and never came to an end.
t.test('what is being read stays, until it was read to its end', (t) => {
  const { cache, list } = makeCache();
  const one = list('one');
  one.dir?.listing?.noteReading(false);
  const two = list('two');
  two.dir?.listing?.noteReading(false);
  const three = list('three');
  for (const node of [one, two, three]) t.ok(node.dir?.listing, node.name);
  cache.touch(one);
  two.dir?.listing?.noteReading(true);
  cache.trim();
  t.equal(two.dir?.listing, undefined);
  t.equal(three.dir?.listing, undefined, 'still too many');
  t.ok(one.dir?.listing);
  t.end();
});

t.test('who does not go on is not waited for', async (t) => {
  const { list } = makeCache();
  const one = list('one');
  one.dir?.listing?.noteReading(false);
  await setTimeout(2100);
  list('two');
  t.equal(one.dir?.listing, undefined);
});
