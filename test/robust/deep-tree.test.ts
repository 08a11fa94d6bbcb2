/**
 * A lower tree whose paths are longer than PATH_MAX, so that only descriptors lead down: it is read, copied
 * up with all its parents, renamed in the middle, and mounted again by both unions.
 */
import t, { type Test } from 'tap';
import { Agent } from '../fixtures/agent.ts';
import { makeScratch, type Mounted, type UnionOptions } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { o } from '../conformance/fixtures/flags.ts';

const depth = 30;
const nameOf = (level: number): string => `${String(level).padStart(3, '0')}-${'d'.repeat(196)}`;
const names = Array.from({ length: depth }, (_, level) => nameOf(level));
const old = '1000000000000000000';

/** Every call goes down from the root of the tree anew. */
class Deep {
  readonly #agent: Agent;
  readonly #root: string;

  constructor(agent: Agent, root: string) {
    this.#agent = agent;
    this.#root = root;
  }

  /** Calls `act` with a descriptor of the directory at `path`, which is made on the way when `make` is set. */
  async in<T>(path: readonly string[], act: (fd: number) => Promise<T>, make = false): Promise<T> {
    let fd = await this.#open(this.#root);
    try {
      for (const name of path) {
        if (make) await this.#agent.call('mkdir', [fd, name], 0o755);
        const next = await this.#open([fd, name]);
        await this.#agent.call('close', fd);
        fd = next;
      }
      return await act(fd);
    } finally {
      await this.#agent.call('close', fd);
    }
  }

  read(path: readonly string[], name: string): Promise<string> {
    return this.in(path, async (dir) => {
      const fd = await this.#agent.call('open', [dir, name], o.RDONLY, 0);
      const data = (await this.#agent.call('read', fd, 100)) as string;
      await this.#agent.call('close', fd);
      return data;
    });
  }

  write(path: readonly string[], name: string, data: string): Promise<void> {
    return this.in(path, async (dir) => {
      const fd = await this.#agent.call('open', [dir, name], o.RDWR | o.CREAT | o.TRUNC, 0o644);
      await this.#agent.call('write', fd, data);
      await this.#agent.call('close', fd);
    });
  }

  names(path: readonly string[]): Promise<string[]> {
    return this.in(path, async (fd) => {
      const found = (await this.#agent.call('getdents', fd, 32_768)) as [string][];
      return found.map(([name]) => name).filter((name) => name !== '.' && name !== '..');
    });
  }

  async rename(path: readonly string[], from: string, to: string): Promise<void> {
    await this.in(path, (fd) => this.#agent.call('rename', [fd, from], [fd, to], 0));
  }

  async #open(path: string | [number, string]): Promise<number> {
    return (await this.#agent.call('open', path, o.RDONLY | o.DIRECTORY, 0)) as number;
  }
}

async function makeLower(agent: Agent, root: string): Promise<void> {
  const deep = new Deep(agent, root);
  await deep.in(names, () => Promise.resolve(), true);
  await deep.write(names, 'file', 'from below');
  await deep.write(names, 'other', 'untouched');
  for (let level = depth; level > 0; level--) {
    await deep.in(names.slice(0, level - 1), (fd) =>
      agent.call('utimes', [fd, names[level - 1] ?? ''], old, old),
    );
  }
}

async function check(test: Test, deep: Deep, path: readonly string[], who: string): Promise<void> {
  test.equal(await deep.read(path, 'file'), 'changed', `${who}: the copy`);
  test.equal(await deep.read(path, 'other'), 'untouched', `${who}: what was not copied`);
  test.strictSame((await deep.names(path)).sort(), ['file', 'other'], `${who}: the listing`);
}

t.test('paths of 6,000 bytes in a lower layer', needs(...mountNeeds, 'overlayfs'), async (test) => {
  const scratch = makeScratch(test);
  const agent = await Agent.start();
  test.teardown(() => agent.stop());
  const lower = scratch.directory('lower');
  await makeLower(agent, lower);
  const options = ['metacopy=on', 'redirect_dir=on', 'index=on', 'xino=on'];
  const union: UnionOptions = {
    lower: [lower],
    upper: scratch.directory('upper'),
    work: scratch.directory('work'),
    options,
  };

  const mount = await scratch.mount(union);
  const deep = new Deep(agent, mount.path);
  test.equal(await deep.read(names, 'file'), 'from below');
  await deep.write(names, 'file', 'changed');
  await check(test, deep, names, 'after the copy-up');
  const parent = await deep.in(names.slice(0, -2), (fd) => agent.call('lstat', [fd, names.at(-2)]));
  test.match(parent, { mtime: old }, 'parents come up with their times');
  const middle = names.with(15, 'renamed');
  await deep.rename(names.slice(0, 15), names[15] ?? '', 'renamed');
  await check(test, deep, middle, 'renamed in the middle');
  test.equal(await new Deep(agent, lower).read(names, 'file'), 'from below', 'the layer is as it was');
  test.strictSame(await mount.end(), { code: 0, signal: null });

  const remount: readonly [string, () => Promise<Mounted>][] = [
    ['mounted again', () => scratch.mount(union)],
    ["by the kernel's overlayfs", () => scratch.kernelOverlay(union)],
  ];
  for (const [who, open] of remount) {
    const again = await open();
    await check(test, new Deep(agent, again.path), middle, who);
    await again.unmount();
  }
});
