import { createHash } from 'node:crypto';
import t from 'tap';
import { asDigest, digestOf } from '../../src/oci/digest.ts';

const hex = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

t.equal(digestOf(createHash('sha256')), `sha256:${hex}`, 'of nothing');
t.equal(asDigest(`sha256:${hex}`), `sha256:${hex}`);
for (const text of [
  '',
  hex,
  `sha256:${hex.toUpperCase()}`,
  `sha256:${hex.slice(1)}`,
  `sha256:${hex}0`,
  `sha512:${hex}${hex}`,
  `sha256:${hex}\n`,
  `sha256:../../${hex.slice(6)}`,
]) {
  t.throws(() => asDigest(text), { name: 'UserError', code: 'bad-digest' }, JSON.stringify(text));
}
