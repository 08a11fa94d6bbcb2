/**
 * A tar as a sequence of entries: header blocks with all that stands in front of and behind them (PAX headers,
 * GNU's long names and sparse maps) become one `TarEntry` each, and their content runs of bytes with
 * their place in the file. It knows no files and no layers. Everything here is hostile input: each number is checked
 * before it is used, and no declared size makes it reserve memory.
 *
 * The stream may end without the two blocks of zeros, between two entries: such layers exist, and GNU tar, Go and
 * Python read them. What the stream holds after those blocks is read, since the digest covers it, and ignored.
 */
import { asName, type Name } from '../base/name.ts';
import type { FindId } from './acl-text.ts';
import { badLayer } from './bad-layer.ts';
import type { ByteSource } from './byte-source.ts';
import { listsOf, PaxFields } from './pax-fields.ts';
import { parsePaxRecords, type PaxRecord } from './pax-records.ts';
import {
  lengthOfRegions,
  mapOfNumbers,
  readMapInData,
  readOldMap,
  realSizeIn,
  type Region,
} from './sparse-map.ts';
import type { EntryType, TarEntry } from './tar-entry.ts';
import {
  blockSize,
  isChecksumRight,
  linkNameIn,
  numberIn,
  paddingAfter,
  pathIn,
  typeIn,
  type NumberField,
} from './tar-header.ts';

/** Where one entry's content is, in the file and in the stream. */
interface Content {
  readonly path: Name;
  regions: readonly Region[];
  /** Bytes of it that are still in the stream, without padding. */
  left: number;
  readonly padding: number;
}

/** What stands in front of a header and holds for it. */
interface Prelude {
  readonly pax: PaxFields;
  /** Of headers so far. */
  bytes: number;
  path?: Name;
  linkName?: Name;
}

type Fail = (what: string) => never;

const types: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  D: 'directory',
  '6': 'fifo',
};
/** Of these the size says how many bytes follow; of all others it means nothing. */
const withContent = new Set(['0', '\0', '7', 'S', 'D']);
/** Of what stands in front of an entry: Go, Docker's reader of layers, takes no more than 1 MiB of a header. */
const preludeMax = 8 << 20;
/** Of all global headers, which have to do with every entry after them. */
const globalsMax = 1024;
const pieceMax = 1 << 20;
const zeros = Buffer.alloc(blockSize);

export class TarReader {
  readonly #source: ByteSource;
  readonly #findId: FindId | undefined;
  readonly #global = new PaxFields();
  #globalBytes = 0;
  #content: Content | undefined;

  /** With `findId` lists of GNU tar are attributes, too (`listsOf`). */
  constructor(source: ByteSource, findId?: FindId) {
    this.#source = source;
    this.#findId = findId;
  }

  /** The next entry, past what was not read of the last one; undefined at the end. UserError `bad-layer`. */
  async next(): Promise<TarEntry | undefined> {
    await this.#skipContent();
    const prelude: Prelude = { pax: new PaxFields(this.#global), bytes: 0 };
    let isAlone = true;
    for (;;) {
      const header = await this.#header(isAlone);
      if (header === undefined) return undefined;
      switch (typeIn(header)) {
        case 'x':
        case 'X':
          prelude.pax.add(await this.#records(header, prelude));
          isAlone = false;
          break;
        case 'g':
          this.#global.add(await this.#records(header, prelude));
          this.#globalBytes += numberIn(header, 'size') ?? 0;
          if (this.#global.count > globalsMax || this.#globalBytes > preludeMax) {
            throw badLayer('its global headers say too much', pathIn(header));
          }
          break;
        case 'L':
          prelude.path = await this.#longName(header, prelude);
          isAlone = false;
          break;
        case 'K':
          prelude.linkName = await this.#longName(header, prelude);
          isAlone = false;
          break;
        case 'V':
          break;
        default:
          return this.#entry(header, prelude);
      }
    }
  }

  /**
   * The content of the last entry, in the order of the file, each piece with its position; what no piece covers
   * is zeros. A piece is good until `take` is done with it.
   */
  async eachPiece(take: (bytes: Buffer, position: number) => Promise<void> | void): Promise<void> {
    const content = this.#content;
    if (content === undefined) return;
    for (const { offset, length } of content.regions) {
      for (let done = 0; done < length;) {
        const piece = await this.#source.piece(Math.min(length - done, pieceMax));
        if (piece.length === 0) throw badLayer('the tar ends in the middle of its content', content.path);
        await take(piece, offset + done);
        done += piece.length;
        content.left -= piece.length;
      }
    }
  }

  /** The next header block; undefined at the end. `mayEnd` is false after a header that another must follow. */
  async #header(mayEnd: boolean): Promise<Buffer | undefined> {
    const block = await this.#source.exactly(blockSize);
    if (block.length === 0 && mayEnd) return undefined;
    if (block.length < blockSize) throw badLayer('it ends in the middle of a header');
    if (block.equals(zeros)) {
      if (!mayEnd) throw badLayer('it ends after an extended header');
      const second = await this.#source.exactly(blockSize);
      if (second.equals(zeros.subarray(0, second.length))) return undefined;
      throw badLayer('a single block of zeros stands between two entries');
    }
    if (!isChecksumRight(block)) throw badLayer('a header has a wrong checksum', pathIn(block));
    return block;
  }

  async #entry(header: Buffer, { pax, path: longPath, linkName }: Prelude): Promise<TarEntry> {
    const flag = typeIn(header);
    const path = pax.text('GNU.sparse.name') ?? pax.text('path') ?? longPath ?? pathIn(header);
    const fail = (what: string): never => {
      throw badLayer(what, path);
    };
    let type = types[flag] ?? fail(`entries of type ${JSON.stringify(flag)} are not known`);
    // Before there was a type for directories, the slash said it; some writers of today still rely on that.
    if (type === 'file' && path.endsWith('/')) type = 'directory';
    const number = (field: NumberField, key: string = field): number => {
      const value = pax.number(key) ?? numberIn(header, field);
      if (value === undefined || !(value >= 0)) return fail(`its ${field} is no number that there can be`);
      return value;
    };
    const mtime = pax.time('mtime') ?? { sec: numberIn(header, 'mtime') ?? Number.NaN, nsec: 0 };
    if (!Number.isSafeInteger(mtime.sec)) fail('its mtime is no number');
    const archived = withContent.has(flag) ? number('size') : 0;
    const content: Content = { path, regions: [], left: archived, padding: paddingAfter(archived) };
    this.#content = content;
    const size = await this.#locate(header, content, pax, fail);
    const isDevice = type === 'char' || type === 'block';
    const findId = this.#findId;
    return {
      path,
      type,
      mode: number('mode') & 0o7777,
      uid: number('uid'),
      gid: number('gid'),
      mtime,
      size: type === 'file' ? size : 0,
      linkName: pax.text('linkpath') ?? linkName ?? linkNameIn(header),
      rdev: isDevice
        ? deviceOf(number('devMajor', 'SCHILY.devmajor'), number('devMinor', 'SCHILY.devminor'), fail)
        : 0,
      xattrs: [...pax.xattrs(), ...(findId === undefined ? [] : listsOf(pax, findId, fail))],
    };
  }

  /** Finds out where in the file the content belongs, and answers the size of the file. */
  async #locate(header: Buffer, content: Content, pax: PaxFields, fail: Fail): Promise<number> {
    const nextBlock = (): Promise<Buffer | undefined> => this.#block();
    let regions: Region[] | undefined;
    let size = pax.number('GNU.sparse.realsize') ?? pax.number('GNU.sparse.size');
    if (typeIn(header) === 'S') {
      regions = await readOldMap(header, nextBlock);
      size = realSizeIn(header);
    } else if (pax.text('GNU.sparse.major') === '1') {
      regions = await readMapInData(() => {
        if (content.left < blockSize) return Promise.resolve(undefined);
        content.left -= blockSize;
        return nextBlock();
      });
    } else if (pax.text('GNU.sparse.numblocks') !== undefined) {
      regions = mapOfNumbers(pax.text('GNU.sparse.map')?.split(',') ?? pax.sparseNumbers);
    } else {
      content.regions = [{ offset: 0, length: content.left }];
      return content.left;
    }
    if (size === undefined || !(size >= 0) || regions === undefined)
      return fail('its sparse map cannot be read');
    if (lengthOfRegions(regions, size) !== content.left) fail('its sparse map does not fit its data');
    content.regions = regions;
    return size;
  }

  async #block(): Promise<Buffer | undefined> {
    const block = await this.#source.exactly(blockSize);
    return block.length < blockSize ? undefined : block;
  }

  async #records(header: Buffer, prelude: Prelude): Promise<PaxRecord[]> {
    const records = parsePaxRecords(await this.#payload(header, prelude));
    if (records === undefined) throw badLayer('an extended header is no list of records', pathIn(header));
    return records;
  }

  async #longName(header: Buffer, prelude: Prelude): Promise<Name> {
    const bytes = await this.#payload(header, prelude);
    const end = bytes.indexOf(0);
    return asName(bytes.toString('latin1', 0, end < 0 ? bytes.length : end));
  }

  /** What follows a header that is no entry. */
  async #payload(header: Buffer, prelude: Prelude): Promise<Buffer> {
    const size = numberIn(header, 'size');
    if (size === undefined || size < 0 || size > preludeMax - prelude.bytes) {
      throw badLayer(`extended headers of more than ${String(preludeMax >> 20)} MiB`, pathIn(header));
    }
    prelude.bytes += size;
    const payload = await this.#source.exactly(size);
    if (payload.length < size || !(await this.#source.skip(paddingAfter(size)))) {
      throw badLayer('it ends in the middle of an extended header', pathIn(header));
    }
    return payload;
  }

  async #skipContent(): Promise<void> {
    const content = this.#content;
    this.#content = undefined;
    if (content === undefined || (await this.#source.skip(content.left + content.padding))) return;
    throw badLayer('the tar ends in the middle of its content', content.path);
  }
}

function deviceOf(major: number, minor: number, fail: Fail): number {
  // What the kernel's device numbers hold: 12 and 20 bits (include/linux/kdev_t.h).
  if (major >= 2 ** 12 || minor >= 2 ** 20) fail('there is no device of its number');
  return major * 2 ** 20 + minor;
}
