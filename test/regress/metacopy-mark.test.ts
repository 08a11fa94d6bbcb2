/** A metacopy file is found to be one wherever it was moved or linked to, origin or not. */
import t from 'tap';
import { o } from '../conformance/fixtures/flags.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage, type Stage } from './fixtures/stage.ts';

const need = needs('root', 'build', 'overlayfs', 'program:setfattr');
const withoutIndex = { index: false };

async function readAndWrite(stage: Stage, path: string): Promise<string> {
  const first = stage.engine(withoutIndex);
  const found = await first.client.read(path);
  await first.client.write(path, 'D', 0, o.WRONLY);
  await first.close();
  const second = stage.engine(withoutIndex);
  const written = await second.client.read(path);
  await second.close();
  return `${found}, ${written}`;
}

for (const act of ['link', 'rename'] as const) {
  t.test(`one without an origin, ${act}ed into a new directory`, need, async (t) => {
    const stage = makeStage(t);
    stage.sh('printf data > lower/a; ln lower/a lower/b');
    const first = stage.engine(withoutIndex);
    await first.client.setattr('a', { mode: 0o600 });
    await first.close();
    const second = stage.engine(withoutIndex);
    second.client.mkdir('d');
    await second.client[act]('a', 'd/c');
    await second.close();
    t.match(stage.sh('getfattr -dm impure upper/d'), /impure="y"/);
    t.equal(await readAndWrite(stage, 'd/c'), 'data, Data');
  });
}

for (const act of ['mv a d/c', 'ln a d/c']) {
  t.test(`the same by the kernel: ${act}`, need, async (t) => {
    const stage = makeStage(t);
    stage.sh(`printf data > lower/a; ln lower/a lower/b; mkdir m; chmod 700 lower
      mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work,metacopy=on,redirect_dir=on,index=off m
      (cd m; chmod 600 a; mkdir d; ${act}) || failed=1; umount m; test -z "$failed"`);
    t.equal(await readAndWrite(stage, 'd/c'), 'data, Data');
  });
}

t.test('in a directory that was made in this mount, known and forgotten', need, async (t) => {
  const stage = makeStage(t);
  stage.sh('printf data > lower/a; ln lower/a lower/b');
  const engine = stage.engine(withoutIndex);
  const { client } = engine;
  client.mkdir('d');
  await client.rename('a', 'd/c');
  client.forgetAll();
  t.equal(await client.read('d/c'), 'data');
  await engine.close();
});

t.test('a name that is brought up into a directory marks that directory', need, async (t) => {
  const stage = makeStage(t);
  stage.sh('printf data > lower/a; mkdir lower/d; ln lower/a lower/d/b');
  const first = stage.engine();
  await first.client.setattr('d', { mode: 0o700 });
  await first.client.setattr('a', { mode: 0o600 });
  await first.close();
  t.equal(stage.sh('getfattr -dm impure upper/d'), '');
  const second = stage.engine();
  second.faulty.arm({ at: 1, with: 'EIO', matches: (method) => method === 'renameat2' });
  await t.rejects(second.client.rename('d/b', 'c'), { code: 'EIO' });
  second.faulty.arm();
  await second.close();
  t.equal(stage.sh('ls upper/d'), 'b');
  t.match(stage.sh('getfattr -dm impure upper/d'), /impure="y"/);
});

t.test(
  'a redirect holds for all names, though one that is still below was asked for first',
  need,
  async (t) => {
    const stage = makeStage(t);
    stage.sh('printf data > lower/a; ln lower/a lower/b');
    const first = stage.engine();
    await first.client.rename('a', 'c');
    await first.close();
    const second = stage.engine();
    second.client.stat('b');
    await second.client.rename('c', 'd');
    await second.close();
    t.equal(stage.sh('getfattr --only-values -n trusted.overlay.redirect upper/d'), '/a');
    const third = stage.engine();
    t.equal(await third.client.read('d'), 'data');
    await third.close();
  },
);
