/** A metacopy file with nothing below it that has its data. */
import t from 'tap';
import { o } from '../conformance/fixtures/flags.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage } from './fixtures/stage.ts';

const need = needs('root', 'build', 'program:setfattr');
const metacopy = 'setfattr -n trusted.overlay.metacopy';

t.test('in the bottom layer: neither read nor copied', need, async (t) => {
  const stage = makeStage(t);
  stage.sh(`truncate -s 4 lower/f; ${metacopy} lower/f; printf data > lower/g`);
  const { client, faulty, ...engine } = stage.engine();
  await t.rejects(client.read('f'), { code: 'EIO' });
  await t.rejects(client.write('f', 'x', 0, o.WRONLY), { code: 'EIO' });
  await t.rejects(client.setattr('f', { mode: 0o600 }), { code: 'EIO' });
  await t.rejects(client.open('f', o.WRONLY | o.TRUNC), { code: 'EIO' });
  t.equal(stage.sh('ls upper work/work'), 'upper:\n\nwork/work:');
  t.equal(await client.read('g'), 'data');
  faulty.arm();
  t.equal(await client.read('g'), 'data');
  t.notOk(faulty.calls.includes('overlayMarks'), 'a file is asked once');
  await engine.close();
});

t.test('below another metacopy file', need, async (t) => {
  const stage = makeStage(t, ['lower', 'bottom']);
  stage.sh(`truncate -s 4 lower/f bottom/f; ${metacopy} lower/f; ${metacopy} bottom/f`);
  const engine = stage.engine();
  t.throws(() => engine.client.walk('f'), { code: 'EIO' });
  await engine.close();
});

t.test('without metacopy and with user.overlay attributes the mark says nothing', need, async (t) => {
  const stage = makeStage(t);
  stage.sh('printf data > lower/f; setfattr -n user.overlay.metacopy lower/f');
  const engine = stage.engine({ userxattr: true, metacopy: false, redirectDir: 'nofollow' });
  t.equal(await engine.client.read('f'), 'data');
  await engine.close();
});
