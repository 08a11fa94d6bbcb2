/**
 * What a settling that was cut off has saved of an object: a later run puts back what is still its own doing,
 * however late it comes, and nothing that a client has changed since.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { nameFromText } from '../../src/base/name.ts';
import { savedStateName } from '../../src/layer/saved-state.ts';
import { overlayNames } from '../../src/layer/xattr-names.ts';
import { CrashError, createFaultyFs, type Fault } from '../../src/os/faulty-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { allOff, allOn, makeLayers, openDir, whileMounted, type Layers } from './fixtures/kernel-overlay.ts';
import { self } from './fixtures/scratch.ts';
import { settleLayers } from './fixtures/settle-layers.ts';

const names = overlayNames(false);
const writer = 4321;

async function cutOff(layers: Layers, matches: NonNullable<Fault['matches']>): Promise<void> {
  const faulty = createFaultyFs(new RealFs());
  faulty.arm({ at: 1, with: 'crash', matches });
  try {
    await settleLayers(faulty.fs, layers);
    throw new Error('it was not cut off');
  } catch (error) {
    if (!(error instanceof CrashError)) throw error;
  } finally {
    faulty.closeAll();
  }
}

/** As if the run that left it had been `seconds` earlier. */
function age(path: string, seconds: number): void {
  const fs = new RealFs();
  const dir = openDir(fs, path);
  try {
    const saved = fs.findXattr(dir, self, savedStateName(names));
    if (saved === undefined) throw new Error('no state is saved');
    saved.writeDoubleLE(saved.readDoubleLE(0) - seconds, 0);
    fs.setXattr(dir, self, savedStateName(names), saved, 0);
    const { mtimeMs } = statSync(path);
    utimesSync(path, mtimeMs / 1000 - seconds, mtimeMs / 1000 - seconds);
  } finally {
    fs.close(dir);
  }
}

t.test('a client has written since', needs('root', 'overlayfs', 'program:setcap'), async (t) => {
  const layers = makeLayers(t, 1, 'tmpfs');
  const file = join(layers.lowers[0] ?? '', 'f');
  writeFileSync(file, 'trusted');
  chownSync(file, 0, writer);
  chmodSync(file, 0o664);
  execFileSync('setcap', ['cap_net_raw+ep', file]);
  whileMounted(layers, allOn, (merged) => {
    utimesSync(join(merged, 'f'), 1000, 1000);
  });
  await cutOff(layers, (method) => method === 'copyData');
  const as = ['--reuid', String(writer), '--regid', String(writer), '--clear-groups'];
  const written = whileMounted(layers, allOn, (merged) => {
    execFileSync('setpriv', [...as, 'sh', '-c', `echo planted > ${join(merged, 'f')}`]);
    return statSync(join(merged, 'f')).mtimeMs;
  });
  await settleLayers(new RealFs(), layers);
  whileMounted(layers, allOff, (merged) => {
    t.equal(
      execFileSync('getcap', [join(merged, 'f')], { encoding: 'utf8' }),
      '',
      'no capability comes back',
    );
    t.equal(statSync(join(merged, 'f')).mtimeMs, written, 'the time is that of the writing');
  });
  const fs = new RealFs();
  const upper = openDir(fs, layers.upper);
  t.equal(fs.findXattr(upper, nameFromText('f'), savedStateName(names)), undefined, 'it is forgotten');
  fs.close(upper);
});

t.test('run again long after', needs('root', 'overlayfs'), async (t) => {
  const layers = makeLayers(t, 1, 'tmpfs');
  const dir = join(layers.lowers[0] ?? '', 'dir');
  mkdirSync(dir);
  for (const name of ['1', '2']) writeFileSync(join(dir, name), name);
  whileMounted(layers, allOn, (merged) => {
    execFileSync('mv', [join(merged, 'dir'), join(merged, 'moved')]);
    utimesSync(join(merged, 'moved'), 1000, 1000);
  });
  let isPublished = false;
  await cutOff(layers, (method) => {
    if (isPublished) return method === 'utimensat';
    isPublished = method === 'renameat2';
    return false;
  });
  const moved = join(layers.upper, 'moved');
  t.not(statSync(moved).mtimeMs, 1_000_000, 'its time is not put back');
  age(moved, 1000);
  await settleLayers(new RealFs(), layers);
  t.equal(statSync(moved).mtimeMs, 1_000_000);
});
