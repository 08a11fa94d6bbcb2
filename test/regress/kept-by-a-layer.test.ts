/**
 * What became of a layer that was written: a socket in the place of a file was left out of its tar, and the file came back;
 * attributes and lists of the root were lost in each layer above the one that has them.
 */
import t, { type Test } from 'tap';
import type { DriverName } from '../../src/store/driver.ts';
import { newCacheId, type CacheId } from '../../src/store/ids.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { addImage, makeStage, shell, streamOf } from '../store/fixtures/stage.ts';

interface Written {
  /** Writes to a layer over an image of `tree` by a script, commits it, and answers what another script says of that. */
  readonly commit: (write: string, look: string) => Promise<string>;
}

async function makeWritten(t: Test, driver: DriverName, tree: string): Promise<Written> {
  const stage = makeStage(t);
  const store = await stage.open(driver);
  const top = stage.directory('tree');
  shell(top, tree);
  const id = await addImage(store, 'image', [top]);
  const [chainId] = (await store.images.findImage(id))?.chain ?? [];
  if (chainId === undefined) throw new Error('it has no layer');
  const { cacheId: below } = await store.layers.getLayer(chainId);
  const within = async (layer: CacheId, script: string): Promise<string> => {
    const place = await store.driver.get(layer);
    try {
      return shell(place, script);
    } finally {
      await store.driver.put(layer);
    }
  };
  return {
    commit: async (write, look) => {
      const [written, committed] = [newCacheId(), newCacheId()];
      await store.driver.createReadWrite(written, below);
      await within(written, write);
      const chunks: Buffer[] = [];
      await store.driver.diff(written, below, (chunk) => void chunks.push(Buffer.from(chunk)));
      await store.driver.create(committed, below);
      await store.driver.applyDiff(committed, below, streamOf(Buffer.concat(chunks)));
      const said = await within(committed, look);
      for (const layer of [written, committed]) await store.driver.remove(layer);
      return said;
    },
  };
}

const bind = 'python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\'file\')"';

for (const driver of ['strata', 'overlay2', 'vfs'] as const) {
  t.test(`a socket in the place of a file, ${driver}`, needs(...mountNeeds, 'program:python3'), async (t) => {
    const { commit } = await makeWritten(t, driver, 'echo 1 > file; echo 2 > other');
    t.equal(await commit(`rm file; ${bind}`, 'ls'), 'other\n');
  });

  t.test(
    `the attributes of the root, ${driver}`,
    needs(...mountNeeds, 'program:setfattr', 'program:setfacl'),
    async (t) => {
      const { commit } = await makeWritten(
        t,
        driver,
        'echo 1 > file; setfattr -n user.mine -v 1 .; setfacl -m u:1000:rx,d:u:1000:rx .; chmod 751 .',
      );
      const look = 'getfattr --only-values -n user.mine . || true; stat -c " %a" .; getfacl -cn .';
      const expected = await commit('true', look);
      t.match(expected, /^1 751\n/);
      t.match(expected, /^user:1000:r-x.*\n[^]*^default:user:1000:r-x\n/m);
      t.equal(await commit('touch new', look), expected);
      const changed = await commit('setfattr -x user.mine .; setfacl -b .', look);
      t.notMatch(changed, /^1|1000/m, 'what was taken away is gone');
    },
  );
}
