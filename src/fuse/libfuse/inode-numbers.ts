/**
 * Inode numbers of 32 bits, which is what fuse-native carries. Programs take two files of one number for hard
 * links of one file (tar, cp -a, du): so a number is never cut short. A small one stays as it is, any other is
 * replaced by one from the upper half, its own for the life of the mount.
 */
const firstReplacement = 0x8000_0000;
/** FUSE_UNKNOWN_INO of libfuse. */
const unknown = 0xffff_ffff;

export class InodeNumbers {
  readonly #replacements = new Map<number, Map<number, number>>();
  #next = firstReplacement;

  /** For the number of the halves `low` and `high`. After two thousand million of them they come again. */
  of(low: number, high: number): number {
    if (high === 0 && low < firstReplacement) return low;
    let ofHigh = this.#replacements.get(high);
    if (ofHigh === undefined) this.#replacements.set(high, (ofHigh = new Map<number, number>()));
    const known = ofHigh.get(low);
    if (known !== undefined) return known;
    const number = this.#next;
    this.#next = number + 1 === unknown ? firstReplacement : number + 1;
    ofHigh.set(low, number);
    return number;
  }
}
