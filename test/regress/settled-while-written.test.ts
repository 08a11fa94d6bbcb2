/**
 * A layer whose mount was off the tree was settled, and its changes told, while a program that was in the mount could still write.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { newCacheId } from '../../src/store/ids.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage, shell } from '../store/fixtures/stage.ts';

t.test(
  'what a layer has changed is told when nobody writes it any more',
  needs('root', 'overlayfs'),
  async (t) => {
    const { driver } = await makeStage(t).open('overlay2');
    const id = newCacheId();
    await driver.createReadWrite(id, undefined);
    const path = await driver.get(id);
    shell(path, 'echo x > file');
    const writer = spawn('sleep', ['600'], { cwd: path, stdio: 'ignore' });
    await once(writer, 'spawn');
    shell('/', `umount -l ${path}`);
    await t.rejects(driver.changes(id, undefined), { code: 'layer-in-use' });
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    t.match(await driver.changes(id, undefined), [{ path: 'file' }]);
    await driver.put(id);
    await driver.remove(id);
  },
);
