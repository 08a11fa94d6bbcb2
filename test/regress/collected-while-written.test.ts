/** What one command collects after a crash is not what another one is writing at that moment. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Store } from '../../src/store/store.ts';
import { Workspace } from '../../src/store/workspace.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeStage, streamOf, tarOf } from '../store/fixtures/stage.ts';

t.test('a file that is about to be renamed in a layer stays', needs(...mountNeeds), async (t) => {
  const stage = makeStage(t);
  const store = await stage.open('strata');
  const tar = await tarOf(stage.directory('tree'));
  await Workspace.use(store, (workspace) =>
    workspace.addLayer(undefined, async (id, parent) => {
      const result = await store.driver.applyDiff(id, parent, streamOf(tar));
      const written = join(store.driver.directoryOf(id), '.new-0123456789ab');
      writeFileSync(written, '');
      writeFileSync(join(store.root.path, 'lock.held'), '');
      await Store.open({ root: stage.root });
      t.notOk(existsSync(join(store.root.path, 'lock.held')), 'the other command has collected');
      t.ok(existsSync(written));
      return result;
    }),
  );
});
