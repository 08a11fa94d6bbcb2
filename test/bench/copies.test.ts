/**
 * Drivers that give each trial a tree of its own: what they show is what a union shows, and nobody changes what the next
 * trial starts from.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { copyDrivers } from '../../src/bench/drivers/copies.ts';
import { mount } from '../../src/bench/drivers/mount.ts';
import { openScratch } from '../../src/bench/scratch.ts';
import { createStack, removeStack } from '../../src/bench/stack.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { mountsBelow } from './fixtures/bench.ts';

const setup = `
cd "$1"; mkdir -p top/dir bottom/dir other
echo bottom > bottom/dir/kept; echo bottom > bottom/dir/gone; echo bottom > bottom/changed
echo top > top/changed; mknod top/dir/gone c 0 0; echo other > other/alone`;

t.test('drivers that mount no union', needs('root', 'build', 'program:mkfs.btrfs'), async (t) => {
  for (const driver of copyDrivers) {
    await t.test(driver.name, async (t) => {
      const at = makeScratch(t, { on: 'tmpfs' });
      execFileSync('sh', ['-ec', setup, 'sh', at.directory('layers')]);
      const layer = (name: string): string => join(at.path, 'layers', name);
      const scratch = await openScratch(at.directory('scratch'));
      t.teardown(() => scratch.close());
      const { disk } = scratch.storage;

      const trial = async (lowers: readonly string[], look: (root: string) => void): Promise<void> => {
        const stack = createStack(disk, lowers);
        const mounted = mount(driver, stack);
        look(stack.mountPoint);
        await mounted.unmount();
        removeStack(stack);
      };
      const both = [layer('top'), layer('bottom')];
      const expectBoth = (root: string): void => {
        t.same(readdirSync(root, { recursive: true }).sort(), ['changed', 'dir', 'dir/kept']);
        t.equal(readFileSync(join(root, 'changed'), 'utf8'), 'top\n');
      };
      await trial(both, (root) => {
        expectBoth(root);
        writeFileSync(join(root, 'changed'), 'by a trial');
        writeFileSync(join(root, 'new'), '');
      });
      await trial(both, expectBoth);
      const trees = join(disk, driver.tree === 'subvolume' ? 'btrfs' : 'trees');
      const [tree = ''] = readdirSync(trees);
      t.match(tree, /^tree-[0-9a-f]{12}$/);
      await trial([layer('other')], (root) => {
        t.same(readdirSync(root), ['alone']);
      });
      t.equal(readdirSync(trees).length, 1, 'one tree is kept, and no snapshot');
      t.notOk(existsSync(join(trees, tree)), 'not that of other layers');

      await scratch.close();
      t.same(mountsBelow(at.path), []);
      t.same(readdirSync(disk), []);
    });
  }
});
