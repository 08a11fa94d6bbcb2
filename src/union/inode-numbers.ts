/**
 * One inode number space over layers on several file systems (xino): the number of the file system goes
 * into the upper bits, as the kernel's overlayfs does (Documentation/filesystems/overlayfs.rst, "xino").
 * Where a file system uses those bits itself, its objects get numbers of their own, for the life of the
 * mount. A subvolume below a layer (btrfs) numbers its objects anew: it gets some bits below those of a file
 * system that no layer has, in the order in which subvolumes are met. The kernel's overlayfs lets them collide.
 * Where numbers have to be short, those of the first layer's file system stay, and all others get numbers of their own.
 */

/** Below the number of a subvolume; btrfs counts objects up, and does not come to 2^52. */
const apartShift = 20;

export class InodeNumbers {
  readonly #shift: number;
  readonly #own = new Map<string, number>();
  /** The upper half of numbers that are no layer's. */
  readonly #ownHigh: number;
  /** Subvolumes by st_dev, counted from 1. */
  readonly #apart = new Map<number, number>();
  readonly #apartMax: number;
  low = 0;
  high = 0;

  readonly #short: boolean;

  /** `fileSystems`: how many different ones the layers lie on. `short`: all numbers fit in 32 bits. */
  constructor(fileSystems: number, short = false) {
    this.#short = short;
    const bits = fileSystems > 1 ? Math.ceil(Math.log2(fileSystems + 1)) : 0;
    this.#shift = 32 - bits;
    this.#ownHigh = bits === 0 ? 2 ** 31 : (fileSystems << this.#shift) >>> 0;
    this.#apartMax = Math.floor(2 ** (Math.min(this.#shift, 31) - apartShift)) - 1;
  }

  /** Maps an inode number of a file system into `low` and `high`. */
  map(fsid: number, low: number, high: number): void {
    this.low = low;
    this.high = high;
    if (this.#short) {
      if (fsid !== 0 || high !== 0) this.#mapShort(`${String(fsid)}:${String(high)}:${String(low)}`);
      return;
    }
    if (this.#shift === 32) return;
    if (high >>> this.#shift === 0) this.high = (high | (fsid << this.#shift)) >>> 0;
    else this.#mapOwn(`${String(fsid)}:${String(high)}:${String(low)}`);
  }

  /** The same for a file system on which no layer's root lies, known by its st_dev. */
  mapApart(dev: number, low: number, high: number): void {
    if (this.#short) {
      this.#mapShort(`${String(dev)} ${String(high)}:${String(low)}`);
      return;
    }
    let number = this.#apart.get(dev);
    if (number === undefined) this.#apart.set(dev, (number = this.#apart.size + 1));
    if (number > this.#apartMax || high >>> apartShift !== 0) {
      this.#mapOwn(`${String(dev)} ${String(high)}:${String(low)}`);
      return;
    }
    this.low = low;
    this.high = (this.#ownHigh | (number << apartShift) | high) >>> 0;
  }

  #mapOwn(key: string): void {
    this.low = this.#ownOf(key);
    this.high = this.#ownHigh;
  }

  /** Counted down: file systems count up. */
  #mapShort(key: string): void {
    this.low = 2 ** 32 - this.#ownOf(key);
    this.high = 0;
  }

  #ownOf(key: string): number {
    let own = this.#own.get(key);
    if (own === undefined) this.#own.set(key, (own = this.#own.size + 1));
    return own;
  }
}
