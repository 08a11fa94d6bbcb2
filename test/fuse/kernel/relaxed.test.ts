import t, { type Test } from 'tap';
import { fsError } from '../../../src/base/fs-error.ts';
import type { HandleId, NodeId } from '../../../src/base/ids.ts';
import { createLog } from '../../../src/base/log.ts';
import { asName } from '../../../src/base/name.ts';
import { OpenModes, type Opened } from '../../../src/fuse/kernel/open-modes.ts';
import { Relaxed } from '../../../src/fuse/kernel/relaxed.ts';
import { Renewals } from '../../../src/fuse/kernel/renewals.ts';
import { O_ACCMODE, O_RDONLY, O_RDWR, O_TRUNC } from '../../../src/os/constants.ts';
import type { Caller, FileName, FileSystem, Later, OpenFile } from '../../../src/vfs/file-system.ts';
import { openFlag } from '../../../src/wire/flags.ts';

type Known = Pick<
  FileSystem,
  'current' | 'names' | 'renew' | 'forget' | 'knows' | 'open' | 'release' | 'setattr'
>;

/** One file of a lower layer, with one name, as the engine shows it to the door. */
class OneFile implements Known {
  node = 2 as NodeId;
  isUpper = false;
  copies = 0;
  /** Old ids and how often each was looked up. */
  readonly #relics = new Map<NodeId, number>();
  #nextHandle = 1;

  current(node: NodeId): NodeId {
    if (node !== this.node && !this.#relics.has(node)) throw fsError('ESTALE');
    return this.node;
  }

  names(): readonly FileName[] {
    return [{ parent: 1 as NodeId, name: asName('file'), path: asName('/file') }];
  }

  renew(node: NodeId): void {
    // Of the kernel's lookup, and of the one that is held.
    this.#relics.set(node, 2);
    this.node = (node + 1) as NodeId;
  }

  forget(node: NodeId, count: number): boolean {
    const left = (this.#relics.get(node) ?? 0) - count;
    if (left > 0) this.#relics.set(node, left);
    else this.#relics.delete(node);
    return left <= 0;
  }

  /** The kernel never looked the new id up: nothing but the old ones keeps it. */
  knows(node: NodeId): boolean {
    return this.#relics.has(node) || (node === this.node && this.#relics.size > 0);
  }

  open(caller: Caller, node: NodeId, flags: number): Later<OpenFile> {
    const writes = (flags & O_ACCMODE) !== O_RDONLY;
    if (writes && !this.isUpper) {
      this.isUpper = true;
      if ((flags & O_TRUNC) === 0) {
        this.copies += 1;
        return Promise.resolve().then(() => this.open(caller, node, flags));
      }
    }
    const isOld = !writes && node !== this.node;
    const handle = this.#nextHandle++ as HandleId;
    const upper = this.isUpper && !isOld;
    return { id: handle, nodeId: isOld ? node : this.node, upper, writeOnly: false, costly: false };
  }

  release(): void {
    return undefined;
  }

  setattr(): undefined {
    return undefined;
  }
}

interface World {
  readonly file: OneFile;
  readonly modes: OpenModes;
  readonly relaxed: Relaxed;
  readonly announcements: Buffer[];
  readonly open: (thread: number, node: NodeId, flags: number) => Promise<Opened>;
}

function makeWorld(t: Test, isMountPoint = false): World {
  const file = new OneFile();
  const fs = file as Known as FileSystem;
  let nextBackingId = 1;
  const backing = { backingOpen: () => nextBackingId++, backingClose: () => undefined };
  const modes = new OpenModes(
    backing,
    createLog(() => undefined),
    { upper: true, lower: true },
  );
  const announcements: Buffer[] = [];
  const send = (message: Buffer): Promise<number> => Promise.resolve(announcements.push(message));
  const renewals = new Renewals({ fs, modes, send, isMountPoint: () => isMountPoint });
  const relaxed = new Relaxed(fs, modes, renewals);
  t.teardown(() => {
    relaxed.stop();
  });
  let unique = 1;
  const open = async (thread: number, node: NodeId, flags: number): Promise<Opened> => {
    const caller = { uid: 0, gid: 0, pid: thread, umask: 0, unique: unique++ };
    const access = { reads: true, writes: (flags & O_ACCMODE) !== O_RDONLY };
    return relaxed.open({
      caller,
      node,
      flags,
      open: () => fs.open(caller, node, flags),
      enter: (opened) => modes.enter(node, opened, access, () => 100),
    });
  };
  return { file, modes, relaxed, announcements, open };
}

const isPassed = (opened: Opened): boolean => (opened.flags & openFlag.PASSTHROUGH) !== 0;
const stale = { code: 'ESTALE' };
const first = 2 as NodeId;
const second = 3 as NodeId;

t.test('a writer hears ESTALE once, and gets the file by its new id', async (t) => {
  const { file, modes, open, announcements } = makeWorld(t);
  t.ok(isPassed(await open(10, first, O_RDONLY)));
  await t.rejects(open(11, first, O_RDWR), stale);
  t.equal(file.node, second);
  t.equal(file.copies, 1, 'its data is in the upper layer by then');
  t.equal(announcements.length, 2, 'the name and the inode');
  t.ok(isPassed(await open(11, second, O_RDWR)));
  t.ok(modes.isFromLower(first), 'the reader has what it had');
  t.notOk(modes.isFromLower(second));
});

t.test('one that comes by the old id again has no name: it waits, and never hears ESTALE', async (t) => {
  const { modes, open } = makeWorld(t);
  const reader = await open(10, first, O_RDONLY);
  await t.rejects(open(11, first, O_RDWR), stale);
  await t.rejects(open(11, first, O_RDWR), { code: 'EBUSY' });
  await t.rejects(open(11, first, O_RDWR), stale, 'the next open(2) may be by name');
  const waiting = open(11, first, O_RDWR);
  modes.leave(first, reader.fh);
  t.ok(isPassed(await waiting), 'once the readers have gone it is the file');
});

t.test('an interrupt ends the wait', async (t) => {
  const { modes, open } = makeWorld(t, true);
  await open(10, first, O_RDONLY);
  const waiting = open(11, first, O_RDWR);
  // The channel lets promises go on before it takes the next request.
  await new Promise((resolve) => setImmediate(resolve));
  modes.changes.interrupt(2);
  await t.rejects(waiting, { code: 'EINTR' });
});

t.test('readers that come and go do not make a writer wait for ever', async (t) => {
  const { modes, open } = makeWorld(t, true);
  let reader = await open(10, first, O_RDONLY);
  const begun = performance.now();
  const rush = setInterval(() => {
    modes.leave(first, reader.fh);
    // Before whoever was woken gets to look.
    void open(10, first, O_RDONLY).then((next) => (reader = next));
  });
  t.teardown(() => {
    clearInterval(rush);
  });
  await t.rejects(open(11, first, O_RDWR), { code: 'EBUSY' });
  t.ok(performance.now() - begun < 5000);
});

t.test('who empties a file is the first to get its new id', async (t) => {
  const { file, open } = makeWorld(t);
  await open(10, first, O_RDONLY);
  await t.rejects(open(11, first, O_RDWR | O_TRUNC), stale);
  t.equal(file.copies, 0);
  t.notOk(isPassed(await open(12, second, O_RDONLY)), 'a reader before it does not hold it up');
  await open(11, second, O_RDWR | O_TRUNC);
  t.equal(file.copies, 0, 'what is thrown away was not copied');
});

t.test('threads that cannot be told apart', async (t) => {
  const { file, open } = makeWorld(t);
  const unseen = 0;
  await open(10, first, O_RDONLY);
  await t.rejects(open(unseen, first, O_RDWR | O_TRUNC), stale);
  t.equal(file.copies, 1, 'nothing is kept for one of them: the data is there');
  const begun = performance.now();
  await t.rejects(open(unseen, first, O_RDWR), stale, 'another one that has a name gets there by it');
  t.ok(performance.now() - begun > 500, 'the same one waits first');
  t.ok(isPassed(await open(unseen, second, O_RDWR)));
  t.ok(isPassed(await open(unseen, first, O_RDONLY)), 'one who has heard it does not hear it again');
});

t.test('nothing is remembered of a file that has left', async (t) => {
  const { file, modes, relaxed, open } = makeWorld(t);
  const usual = modes.attrTtl(second);
  const reader = await open(10, first, O_RDONLY);
  await t.rejects(open(11, first, O_RDWR), stale);
  const writer = await open(11, second, O_RDWR);
  modes.leave(second, writer.fh);
  modes.leave(first, reader.fh);
  t.not(modes.attrTtl(second), usual, 'it may be mapped');
  t.ok(file.forget(first, 1), 'the lookup that was held was given back when everybody was back');
  relaxed.forgotten(first);
  modes.forgotten(first);
  t.equal(modes.attrTtl(second), usual);
});
