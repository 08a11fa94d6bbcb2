/**
 * A directory of 100,000 entries (a million with STRATA_ENTRIES=1000000) over two lower layers, read while others
 * create, delete and rename in it and while the server drops its listing for other directories: what is there
 * all the time is told once, and a position that was told stays the same position.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Agent } from '../fixtures/agent.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

type Entry = [name: string, ino: string, type: number, offset: string];

const count = Number(process.env.STRATA_ENTRIES ?? '100000');

/** Half of the names in each layer, some in both. With `other` there is more than the server keeps listed. */
function fill(layers: readonly string[]): void {
  for (const [directory, names] of [
    ['d', count],
    ['other', Math.ceil(count * 1.1)],
  ] as const) {
    for (const [index, layer] of layers.entries()) {
      mkdirSync(`${layer}/${directory}`);
      const from = index === 0 ? 0 : Math.floor(names * 0.5);
      const to = index === 0 ? Math.floor(names * 0.55) : names;
      for (let n = from; n < to; n++)
        closeSync(openSync(`${layer}/${directory}/name-${String(n)}`, 'wx', 0o644));
    }
  }
}

class Directory {
  readonly #agent: Agent;
  readonly #root: string;
  readonly #created = new Set<string>();
  readonly #gone = new Set<string>();
  fd = -1;

  constructor(agent: Agent, root: string) {
    this.#agent = agent;
    this.#root = root;
  }

  async open(name = 'd'): Promise<void> {
    this.fd = (await this.#agent.call('open', `${this.#root}/${name}`, 0o200000, 0)) as number;
  }

  /** Reads at least `limit` entries from where the descriptor stands, or all that are left. */
  async read(limit = Infinity): Promise<Entry[]> {
    const found: Entry[] = [];
    while (found.length < limit) {
      const more = (await this.#agent.call('getdents', this.fd, 65_536)) as Entry[];
      if (more.length === 0) break;
      found.push(...more);
    }
    return found;
  }

  async seek(offset: string): Promise<void> {
    await this.#agent.call('seekdir', this.fd, offset);
  }

  /** Creates, deletes and renames, a hundred of each, all over the directory. */
  async change(round: number): Promise<void> {
    const at = (name: string): string => `${this.#root}/d/${name}`;
    for (let n = 0; n < 100; n++) {
      const created = `new-${String(round)}-${String(n)}`;
      await this.#agent.call('close', await this.#agent.call('open', at(created), 0o101, 0o644));
      const [deleted, renamed] = [0, 1].map(
        (which) => `name-${String((n * 977 + round * 331 + which * 13) % count)}`,
      ) as [string, string];
      this.#created.add(created);
      if (!this.#gone.has(deleted)) await this.#agent.call('unlink', at(deleted));
      this.#gone.add(deleted);
      if (this.#gone.has(renamed)) continue;
      await this.#agent.call('rename', at(renamed), at(`moved-${renamed}`), 0);
      this.#gone.add(renamed);
      this.#created.add(`moved-${renamed}`);
    }
  }

  /** Whether the name was there from the beginning and still is. */
  isStable(name: string): boolean {
    return name.startsWith('name-') && !this.#gone.has(name);
  }

  get stable(): number {
    return count - this.#gone.size;
  }

  /** How many entries there are now, with `.` and `..`. */
  get size(): number {
    return this.stable + this.#created.size + 2;
  }

  /** Makes the server drop the listing of `d`, for that of another directory, once it expects nobody to read on. */
  async evict(round: number): Promise<void> {
    await setTimeout(2500);
    const other = new Directory(this.#agent, this.#root);
    // The kernel keeps what it has read to the end, too, until something changes.
    await this.#agent.call('mkdir', `${this.#root}/other/new-${String(round)}`, 0o755);
    await other.open('other');
    await other.read();
    await this.#agent.call('close', other.fd);
  }

  /** How many indexes and listings the server has made so far. */
  async listings(): Promise<number> {
    const stats = await this.#agent.call('getxattr', this.#root, 'user.strata.stats');
    return (JSON.parse(stats as string) as { listings: number }).listings;
  }
}

function namesOf(entries: readonly Entry[]): string[] {
  return entries.map(([name]) => name);
}

async function begin(test: Test): Promise<Directory> {
  const scratch = makeScratch(test, { on: 'tmpfs' });
  const lower = [scratch.directory('l0'), scratch.directory('l1')];
  fill(lower);
  const union = { lower, upper: scratch.directory('u'), work: scratch.directory('w') };
  const mount = await scratch.mount(union);
  const agent = await Agent.start();
  test.teardown(async () => {
    await agent.stop();
  });
  return new Directory(agent, mount.path);
}

t.test('nothing twice, nothing lost, and positions stay', needs(...mountNeeds), async (test) => {
  const directory = await begin(test);
  await directory.open();
  const seen: Entry[] = [];
  let evictions = 0;
  for (let round = 0; round < 4; round++) {
    seen.push(...(await directory.read(round === 3 ? Infinity : count / 4)));
    await directory.change(round);
    await directory.evict(round);
    const before = await directory.listings();
    seen.push(...(await directory.read(1)));
    evictions += (await directory.listings()) - before;
  }
  const told = namesOf(seen);
  test.equal(new Set(told).size, told.length, 'nothing twice');
  test.equal(told.filter((name) => directory.isStable(name)).length, directory.stable, 'nothing lost');
  if (count >= 100_000) test.ok(evictions >= 4, `made anew in each round: ${String(evictions)}`);

  const stable = seen.filter(([name]) => directory.isStable(name));
  for (let at = 0; at < stable.length; at += Math.floor(stable.length / 20)) {
    const [name, , , offset] = stable[at] as Entry;
    await directory.seek(offset);
    const next = namesOf(await directory.read(200)).filter((one) => directory.isStable(one));
    const wanted = namesOf(stable.slice(at + 1, at + 1 + next.length));
    test.strictSame(next, wanted, `what follows ${name}`);
  }
  await directory.seek('0');
  const again = namesOf(await directory.read());
  test.equal(again.length, directory.size);
  test.equal(new Set(again).size, directory.size, 'from the start: what there is now');
});
