import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { prove } from './fixtures/proof.ts';
import { rootlessVariant, readEffort } from './fixtures/variant.ts';

const effort = readEffort(process.env);
t.setTimeout(effort.long ? 6 * 3600_000 : 1200_000);
t.test(
  `a real root file system, ${rootlessVariant.name}`,
  needs('root', 'fuse', 'build', 'overlayfs', 'program:debootstrap'),
  (t) => prove(t, rootlessVariant, effort),
);
