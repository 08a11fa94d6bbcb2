/**
 * A copy of an image's files into a new volume that did not come to its end: its mark stayed, with what it had copied, while
 * the volume was used otherwise, and the next container that was to fill it threw away whatever had been written meanwhile.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import type { Fd } from '../../src/base/ids.ts';
import { O_DIRECTORY, O_PATH } from '../../src/os/constants.ts';
import { addContainer } from '../../src/run/container-book.ts';
import { writeRun } from '../../src/run/container.ts';
import type { Engine } from '../../src/run/engine.ts';
import { fillVolume, mountVolume, withVolume } from '../../src/run/use-volume.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { containerOf, idOf, makeNotedEngine } from '../run/fixtures/noted-engine.ts';

interface Stage {
  readonly engine: Engine;
  readonly content: string;
  /** Fills the volume from a directory with the file `small` and, if asked, one for which there is no space. */
  readonly fill: (how: 'whole' | 'cut short') => Promise<void>;
  /** Leaves what a fill leaves whose process is killed. */
  readonly dieFilling: () => void;
  readonly names: () => string[];
}

/** A volume `data` on a file system of a megabyte. */
function makeStage(test: Test): Stage {
  const scratch = makeScratch(test);
  const disk = scratch.directory('disk');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  test.teardown(() => execFileSync('umount', [disk]));
  const { engine } = makeNotedEngine(disk);
  mkdirSync(engine.containers);
  const content = engine.volumes.create('data', {}).mountpoint;
  for (const how of ['whole', 'cut short']) writeFileSync(`${scratch.directory(how)}/small`, 'of the image');
  writeFileSync(`${scratch.path}/cut short/large`, Buffer.alloc(2 << 20, 'x'));
  const fill = async (how: 'whole' | 'cut short'): Promise<void> => {
    const from = openSync(`${scratch.path}/${how}`, O_PATH | O_DIRECTORY) as Fd;
    try {
      await fillVolume(engine, 'data', from);
    } finally {
      closeSync(from);
    }
  };
  const dieFilling = (): void => {
    writeFileSync(`${content}/../filling`, '');
    writeFileSync(`${content}/small`, 'of the');
  };
  return { engine, content, fill, dieFilling, names: () => readdirSync(content).sort() };
}

const noSpace = { code: 'ENOSPC' };

t.test('leaves nothing where it fails', needs('root'), async (t) => {
  const { engine, content, fill, names } = makeStage(t);
  await t.rejects(fill('cut short'), noSpace);
  t.strictSame(names(), []);
  t.notOk(existsSync(`${content}/../filling`));
  writeFileSync(`${content}/own`, 'put there by hand');
  await mountVolume(engine, 'data');
  t.strictSame(names(), ['own'], 'what comes after it stays');
});

t.test('is thrown away before anything else is written', needs('root'), async (t) => {
  const { engine, content, fill, dieFilling, names } = makeStage(t);
  dieFilling();
  await withVolume(engine, 'data', async (there) => {
    t.strictSame(readdirSync(there), [], 'nothing of it is seen');
    writeFileSync(`${there}/own`, '');
  });
  await fill('whole');
  t.strictSame(names(), ['own'], 'a volume that somebody has used is not filled, and keeps what it has');
  t.notOk(existsSync(`${content}/../filling`));
});

t.test('begins anew where nothing else is written', needs('root'), async (t) => {
  const { engine, fill, dieFilling, names } = makeStage(t);
  dieFilling();
  await fill('whole');
  t.strictSame(names(), ['small']);
  await mountVolume(engine, 'data');
  t.strictSame(names(), ['small'], 'and what is whole stays');
});

t.test('is thrown away with names that are no UTF-8', needs('root'), async (t) => {
  const { engine, content, dieFilling, names } = makeStage(t);
  dieFilling();
  for (const byte of [0xe9, 0xff])
    writeFileSync(Buffer.concat([Buffer.from(`${content}/caf`), Buffer.of(byte)]), 'of the');
  await mountVolume(engine, 'data');
  t.strictSame(names(), []);
  t.notOk(existsSync(`${content}/../filling`));
});

t.test('stays where a command has the volume', needs('root'), async (t) => {
  const { engine, content, fill, names } = makeStage(t);
  await withVolume(engine, 'data', async () => {
    await t.rejects(fill('cut short'), noSpace);
    writeFileSync(`${content}/own`, '');
  });
  await mountVolume(engine, 'data');
  t.ok(names().includes('own'));
});

t.test('stays where a container that runs has the volume', needs('root'), async (t) => {
  const { engine, content, fill, names } = makeStage(t);
  mkdirSync(`${engine.containers}/${idOf('a')}`);
  const mount = { type: 'volume', source: 'data', target: '/x', readOnly: false, noCopy: true } as const;
  await addContainer(engine, { ...containerOf('a', 'busy'), mounts: [mount] });
  await writeRun(engine, idOf('a'), { run: '1', startedAt: '', runtime: 'true' });
  await mountVolume(engine, 'data');
  await t.rejects(fill('cut short'), noSpace);
  writeFileSync(`${content}/own`, '');
  await mountVolume(engine, 'data');
  t.ok(names().includes('own'));
});
