/** Directories that the server may search and not read, as one without privileges meets them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { fsError } from '../../src/base/fs-error.ts';
import { noNodeId, rootNodeId, type Fd } from '../../src/base/ids.ts';
import { asName, type Name } from '../../src/base/name.ts';
import { O_PATH } from '../../src/os/constants.ts';
import type { HostFs } from '../../src/os/host-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { Attr } from '../../src/vfs/attr.ts';
import { openEngine } from '../fixtures/engine.ts';
import { needs } from '../fixtures/needs.ts';

/** Where `d` cannot be opened for reading, nor itself again by `.`. */
class Unreadable extends RealFs {
  refusals = 0;

  #check(name: Name, flags: number): void {
    if ((name !== 'd' && name !== '.') || (flags & O_PATH) !== 0) return;
    this.refusals += 1;
    throw fsError('EACCES');
  }

  override openat(dir: Fd, name: Name, flags: number, mode: number): Fd {
    this.#check(name, flags);
    return super.openat(dir, name, flags, mode);
  }

  override openat2(...args: Parameters<HostFs['openat2']>): Fd {
    this.#check(args[1], args[2]);
    return super.openat2(...args);
  }
}

for (const where of ['lower', 'upper']) {
  t.test(`names in a directory of the ${where}`, needs('root', 'build'), async (test) => {
    const path = test.testdir();
    for (const name of ['lower', 'upper', 'work', `${where}/d`]) mkdirSync(`${path}/${name}`);
    for (let n = 0; n < 40; n++) writeFileSync(`${path}/${where}/d/${String(n)}`, '');
    const fs = new Unreadable();
    const { union } = openEngine(path, { fs });
    const attr = new Attr();
    const dir = union.lookup(rootNodeId, asName('d'), attr);
    const known: boolean[] = [];
    for (let n = 0; n < 80; n++) known.push(union.lookup(dir, asName(String(n)), attr) !== noNodeId);
    test.strictSame(
      known,
      known.map((_, n) => n < 40),
    );
    test.ok(fs.refusals <= 4, `${String(fs.refusals)} attempts to read it`);
    await union.close();
  });
}
