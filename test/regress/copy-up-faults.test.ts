/** Copy-ups that fail: what they leave open, and what the file shows meanwhile and afterwards. */
import t from 'tap';
import { fsError } from '../../src/base/fs-error.ts';
import { asName } from '../../src/base/name.ts';
import type { HostFs } from '../../src/os/host-fs.ts';
import { o } from '../conformance/fixtures/flags.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage, type Stage } from './fixtures/stage.ts';

/** cap_net_raw+ep, as `setcap` stores it. */
const capability = '0x0100000200200000000000000000000000000000';
const capabilityName = asName('security.capability');

/** A metacopy file with capabilities and an old time, as a remount finds it. */
async function makeMetacopy(stage: Stage, content: string): Promise<void> {
  stage.sh(
    `${content} > lower/f; setfattr -n security.capability -v ${capability} lower/f; touch -d @5 lower/f`,
  );
  const engine = stage.engine();
  await engine.client.setattr('f', { mode: 0o755 });
  await engine.close();
}

/** Copies of data do everything and then wait for `then`, or throw. */
const withCopies = (then: () => Promise<void>) => (real: HostFs) =>
  new Proxy(real, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key === 'copyDataSync') {
        return (...args: Parameters<HostFs['copyDataSync']>) => {
          target.copyDataSync(...args);
          throw fsError('EIO');
        };
      }
      if (key === 'copyData') {
        return async (...args: Parameters<HostFs['copyData']>) => {
          const result = await target.copyData(...args);
          await then();
          return result;
        };
      }
      return value.bind(target) as unknown;
    },
  });

const need = needs('root', 'build', 'program:setfattr');

t.test('a small copy that cannot be published closes its file once', need, async (t) => {
  const stage = makeStage(t);
  stage.sh('printf data > lower/f');
  const engine = stage.engine({ metacopy: false });
  engine.faulty.arm({ at: 1, with: 'EIO', matches: (method) => method === 'fchownat' });
  await t.rejects(engine.client.open('f', o.RDWR), { code: 'EIO' });
  const opensAndCloses = engine.faulty.calls.filter((method) => /^(openat|close.*)$/.test(method));
  t.same(opensAndCloses.slice(-2), ['openat', 'closeWritten']);
  engine.faulty.arm();
  await engine.client.write('f', 'D', 0, o.WRONLY);
  t.equal(await engine.client.read('f'), 'Data');
  await engine.close();
  t.equal(engine.faulty.open.size, 0, 'nothing stays open');
});

for (const sync of [false, true]) {
  t.test(
    `data that could not be completed leaves times and capabilities, sync ${String(sync)}`,
    need,
    async (t) => {
      const stage = makeStage(t);
      await makeMetacopy(stage, 'echo data');
      const fails = (): Promise<void> => Promise.reject(fsError('EIO'));
      const engine = stage.engine({ sync }, withCopies(fails));
      await t.rejects(engine.client.open('f', o.RDWR), { code: 'EIO' });
      t.equal(engine.client.stat('f').mtime.sec, 5n);
      t.ok(engine.client.fs.getxattr(engine.client.walk('f'), capabilityName));
      t.equal(await engine.client.read('f'), 'data\n');
      await engine.close();
      t.equal(engine.faulty.open.size, 0);
      t.equal(stage.sh('stat -c %Y upper/f; getfattr -dm metacopy upper/f | wc -l'), '5\n3');
      t.match(stage.sh('getfattr -e hex -d -m capability upper/f'), capability);
    },
  );
}

t.test('while data is being completed, the file shows its times and capabilities', need, async (t) => {
  const stage = makeStage(t);
  await makeMetacopy(stage, 'head -c 1000000 /dev/zero');
  let goOn = (): void => undefined;
  let copied = (): void => undefined;
  const isCopied = new Promise<void>((resolve) => (copied = resolve));
  const engine = stage.engine(
    { sync: true },
    withCopies(
      () =>
        new Promise<void>((resolve) => {
          goOn = resolve;
          copied();
        }),
    ),
  );
  const { client } = engine;
  const opening = client.open('f', o.RDWR);
  await isCopied;
  t.not(stage.sh('stat -c %Y upper/f'), '5', 'it was written to');
  t.equal(client.stat('f').mtime.sec, 5n);
  t.ok(client.fs.getxattr(client.walk('f'), capabilityName));
  t.ok(client.xattrs('f').includes(capabilityName));
  goOn();
  await opening;
  t.equal(client.stat('f').mtime.sec, 5n);
  t.ok(client.fs.getxattr(client.walk('f'), capabilityName));
  await engine.close();
  t.equal(stage.sh('stat -c %Y upper/f; getfattr -dm metacopy upper/f'), '5');
  t.match(stage.sh('getfattr -e hex -d -m capability upper/f'), capability);
});
