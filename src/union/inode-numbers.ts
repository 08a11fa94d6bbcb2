/**
 * One inode number space over layers on several file systems (xino): the number of the file system goes
 * into the upper bits, as the kernel's overlayfs does (Documentation/filesystems/overlayfs.rst, "xino").
 * Where a file system uses those bits itself, its objects get numbers of their own, for the life of the
 * mount.
 */
export class InodeNumbers {
  readonly #shift: number;
  readonly #own = new Map<string, number>();
  readonly #ownFsid: number;
  low = 0;
  high = 0;

  /** `fileSystems`: how many different ones the layers lie on. */
  constructor(fileSystems: number) {
    const bits = fileSystems > 1 ? Math.ceil(Math.log2(fileSystems + 1)) : 0;
    this.#shift = 32 - bits;
    this.#ownFsid = fileSystems;
  }

  /** Maps an inode number of a file system into `low` and `high`. */
  map(fsid: number, low: number, high: number): void {
    this.low = low;
    this.high = high;
    if (this.#shift === 32) return;
    if (high >>> this.#shift === 0) {
      this.high = (high | (fsid << this.#shift)) >>> 0;
      return;
    }
    const key = `${String(fsid)}:${String(high)}:${String(low)}`;
    let own = this.#own.get(key);
    if (own === undefined) this.#own.set(key, (own = this.#own.size + 1));
    this.low = own;
    this.high = (this.#ownFsid << this.#shift) >>> 0;
  }
}
