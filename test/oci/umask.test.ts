/** Unpacking neither heeds nor changes the umask. In a file of its own: nothing else in this process has changed it. */
import { lstatSync, mkdirSync } from 'node:fs';
import t from 'tap';
import { applyLayerTar } from '../../src/oci/layer-reader.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { rawTar } from './fixtures/raw-tar.ts';

t.test('the umask of the process', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const target = scratch.directory('target');
  const mode = (path: string): number => lstatSync(`${target}/${path}`).mode & 0o777;
  process.umask(0o077);
  async function* tar(): AsyncGenerator<Buffer> {
    yield rawTar({ name: 'a/f', mode: 0o666 });
  }
  await applyLayerTar(tar(), target);
  t.equal(mode('a'), 0o755);
  t.equal(mode('a/f'), 0o666);
  mkdirSync(`${target}/b`);
  t.equal(mode('b'), 0o700, 'it is what it was');
});
