import t from 'tap';
import { bindIndex } from '../../src/layer/index-dir.ts';
import { overlayNames } from '../../src/layer/xattr-names.ts';
import { createFaultyFs } from '../../src/os/faulty-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch } from './fixtures/scratch.ts';

t.test('where attributes cannot be set an index is not supported', needs('root'), (t) => {
  for (const at of [1, 2]) {
    const { fs, sh, open } = makeScratch(t);
    sh('mkdir index upper lower');
    const [index, upper, lower] = [open('index'), open('upper'), open('lower')];
    const faulty = createFaultyFs(fs);
    faulty.arm({ at, with: 'EOPNOTSUPP', matches: (method) => method === 'setXattr' });
    t.equal(bindIndex(faulty.fs, { index, upper, lower, names: overlayNames(false) }), 'unsupported');
    t.ok(faulty.struck);
  }
  t.end();
});
