/**
 * Whiteouts of a layer that is unpacked where no device 0/0 can be made: an opaque mark that came behind one in its
 * directory took the mark away by which it is known, so that it became a file.
 */
import { readdirSync } from 'node:fs';
import t from 'tap';
import { makeScratch, type Mounted, type Scratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { writeLayerTar } from '../../src/oci/layer-writer.ts';
import { unpack } from '../oci/fixtures/layers.ts';
import { rawTar, type RawEntry } from '../oci/fixtures/raw-tar.ts';

const d = (name: string): RawEntry => ({ name, type: '5' });
const f = (name: string): RawEntry => ({ name });
const layers: Readonly<Record<string, readonly RawEntry[]>> = {
  'an opaque mark behind a whiteout': [d('d/'), f('d/.wh.a'), f('d/.wh..wh..opq'), f('d/new')],
  'a whiteout behind an opaque mark': [d('d/'), f('d/.wh..wh..opq'), f('d/.wh.a'), f('d/new')],
  'a whiteout of the directory behind one in it': [d('d/'), f('d/.wh.a'), f('d/new'), f('.wh.d')],
};

function mountUnion(scratch: Scratch): Promise<Mounted> {
  const [lower, upper, work] = ['lower', 'upper', 'work'].map((one) => scratch.directory(one)) as [
    string,
    string,
    string,
  ];
  return scratch.kernelOverlay({ lower: [lower], upper, work });
}

for (const [name, entries] of Object.entries(layers)) {
  t.test(name, needs('root', 'overlayfs'), async (t) => {
    const scratch = makeScratch(t);
    const union = await mountUnion(scratch);
    await unpack(rawTar(...entries), union.path);
    t.same(readdirSync(`${union.path}/d`), ['new']);
    t.equal((await writeLayerTar(union.path, () => undefined)).entries, 4, 'the top, d, its mark, new');
  });
}

t.test('whiteouts alone', needs('root', 'overlayfs'), async (t) => {
  const scratch = makeScratch(t);
  const plain = scratch.directory('plain');
  const union = await mountUnion(scratch);
  const tar = rawTar(d('d/'), f('d/.wh.a'), f('.wh.b'), d('e/'), f('e/new'));
  for (const target of [plain, union.path]) await unpack(tar, target);
  const [one, other] = [
    await writeLayerTar(plain, () => undefined),
    await writeLayerTar(union.path, () => undefined),
  ];
  t.equal(other.diffId, one.diffId);
});
