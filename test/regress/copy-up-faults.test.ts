/** Copy-ups that fail: what they leave open, and what the file shows meanwhile and afterwards. */
import t from 'tap';
import { o } from '../conformance/fixtures/flags.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage } from './fixtures/stage.ts';

const need = needs('root', 'build', 'program:setfattr');

t.test('a small copy that cannot be published closes its file once', need, async (t) => {
  const stage = makeStage(t);
  stage.sh('printf data > lower/f');
  const engine = stage.engine({ metacopy: false });
  engine.faulty.arm({ at: 1, with: 'EIO', matches: (method) => method === 'fchownat' });
  await t.rejects(engine.client.open('f', o.RDWR), { code: 'EIO' });
  t.same(engine.faulty.calls.filter((method) => method === 'openat' || method === 'close').slice(-2), [
    'openat',
    'close',
  ]);
  engine.faulty.arm();
  await engine.client.write('f', 'D', 0, o.WRONLY);
  t.equal(await engine.client.read('f'), 'Data');
  await engine.close();
  t.equal(engine.faulty.open.size, 0, 'nothing stays open');
});
