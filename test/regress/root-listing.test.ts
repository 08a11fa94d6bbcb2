/** The root of an inherited upper, listed before anything in it was looked up. */
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { rootNodeId } from '../../src/base/ids.ts';
import { Attr } from '../../src/vfs/attr.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage } from './fixtures/stage.ts';

t.test('its entries have the inode numbers of their origins', needs('root', 'build'), async (t) => {
  const stage = makeStage(t);
  stage.sh('printf data > lower/f');
  const first = stage.engine();
  await first.client.setattr('f', { mode: 0o600 });
  await first.close();
  const second = stage.engine();
  const { client } = second;
  const inos = new Map<string, bigint>();
  client.fs.readdir(rootNodeId, 0, {
    hasRoom: () => true,
    add: (name, low, high) => inos.set(name, (BigInt(high) << 32n) | BigInt(low)),
    nextAttr: () => new Attr(),
    addPlus: () => undefined,
  });
  t.equal(inos.get(asName('f')), client.stat('f').ino);
  await second.close();
});
