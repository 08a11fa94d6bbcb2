/**
 * Names for what is not finished yet, in the work directory: `#` and a hexadecimal counter, as the
 * kernel's overlayfs calls them. The next mount removes everything there whatever its name; in the
 * index a leading `#` is what tells a leftover from an entry. Each maker of names has a tag of its
 * own, a letter that is no hexadecimal digit, so that two of them never meet.
 */
import { asName, type Name } from '../base/name.ts';

export class TempNames {
  readonly #prefix: string;
  #counter = 0;

  /** `tag`: a letter from g to z, or nothing for the one that needs none. */
  constructor(tag = '') {
    this.#prefix = `#${tag}`;
  }

  /** A name that this object has never given before. */
  next(): Name {
    this.#counter += 1;
    return asName(this.#prefix + this.#counter.toString(16));
  }
}
