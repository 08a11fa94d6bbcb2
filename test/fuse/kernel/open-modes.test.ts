import t from 'tap';
import { fsError } from '../../../src/base/fs-error.ts';
import type { HandleId, NodeId } from '../../../src/base/ids.ts';
import { createLog } from '../../../src/base/log.ts';
import { OpenModes, type Opened, type Passed } from '../../../src/fuse/kernel/open-modes.ts';
import { Patience } from '../../../src/fuse/kernel/waiters.ts';
import { openFlag } from '../../../src/wire/flags.ts';

const node = 7 as NodeId;
const reading = { reads: true, writes: false };
const writing = { reads: true, writes: true };
const lowerFd = 100;
const upperFd = 200;

/** The kernel's side: which descriptors it has as backing files. */
class Kernel {
  readonly open = new Map<number, number>();
  refuses: 'ELOOP' | 'EPERM' | 'ENOTTY' | 'ENOMEM' | 'ENOSPC' | undefined;
  #nextId = 1;

  backingOpen(fd: number): number {
    if (this.refuses !== undefined) throw fsError(this.refuses);
    this.open.set(this.#nextId, fd);
    return this.#nextId++;
  }

  backingClose(id: number): void {
    this.open.delete(id);
  }
}

function makeModes(passes: Passed): { kernel: Kernel; modes: OpenModes; enter: Enter } {
  const kernel = new Kernel();
  const modes = new OpenModes(
    kernel,
    createLog(() => undefined),
    passes,
  );
  let nextHandle = 1;
  const enter: Enter = (upper, access) => {
    const file = { id: nextHandle++ as HandleId, upper };
    return modes.enter(node, file, access, () => (upper ? upperFd : lowerFd));
  };
  return { kernel, modes, enter };
}

type Enter = (upper: boolean, access: { reads: boolean; writes: boolean }) => Opened;

const isPassed = (opened: Opened): boolean => (opened.flags & openFlag.PASSTHROUGH) !== 0;

t.test('strict: a lower file is never passed through', (t) => {
  const { kernel, enter } = makeModes({ upper: true, lower: false });
  t.notOk(isPassed(enter(false, reading)));
  t.equal(kernel.open.size, 0);
  t.notOk(isPassed(enter(true, writing)), 'and what is open in cached mode stays in it');
  t.end();
});

t.test('what is passed through for writing may change unasked', (t) => {
  const { modes, enter } = makeModes({ upper: true, lower: false });
  const reader = enter(true, reading);
  t.notOk(modes.isWrittenUnasked(node));
  const writer = enter(true, { reads: false, writes: true });
  t.ok(modes.isWrittenUnasked(node));
  modes.leave(node, writer.fh);
  modes.leave(node, reader.fh);
  t.notOk(modes.isWrittenUnasked(node));
  t.end();
});

t.test('relaxed: nobody writes through the backing file of a lower layer', (t) => {
  const { kernel, modes, enter } = makeModes({ upper: true, lower: true });
  const reader = enter(false, reading);
  t.ok(isPassed(reader));
  t.strictSame([...kernel.open.values()], [lowerFd]);
  t.throws(() => enter(true, writing), { code: 'EBUSY' });
  const second = enter(true, reading);
  t.equal(second.backingId, reader.backingId, 'a reader shares it, though its data was copied up');
  t.ok(modes.isFromLower(node));
  modes.leave(node, reader.fh);
  t.throws(() => enter(true, writing), { code: 'EBUSY' });
  modes.leave(node, second.fh);
  t.equal(kernel.open.size, 0);
  t.notOk(modes.isFromLower(node));
  const writer = enter(true, writing);
  t.ok(isPassed(writer));
  t.strictSame([...kernel.open.values()], [upperFd], 'then the backing file is another one');
  t.equal(enter(false, reading).backingId, writer.backingId);
  t.end();
});

t.test('relaxed: a file that is opened for writing is not one of the lower layer', (t) => {
  const { kernel, enter } = makeModes({ upper: true, lower: true });
  t.notOk(isPassed(enter(false, writing)));
  t.equal(kernel.open.size, 0);
  t.end();
});

t.test('relaxed: what is opened while data moves is not held up below', async (t) => {
  const { kernel, modes, enter } = makeModes({ upper: true, lower: true });
  const end = modes.moving(node);
  t.ok(modes.isMoving(node));
  const reader = enter(false, reading);
  t.notOk(isPassed(reader));
  const change = modes.changes.next(node, new Patience(1, 60_000));
  end();
  t.equal(await change, true);
  t.notOk(isPassed(enter(false, reading)), 'in cached mode, as long as one is');
  t.ok(modes.isCached(node));
  t.equal(kernel.open.size, 0);
});

t.test('relaxed: a lower layer that lies too deep says nothing of the other layers', (t) => {
  const { kernel, modes, enter } = makeModes({ upper: true, lower: true });
  kernel.refuses = 'ELOOP';
  const refused = enter(false, reading);
  t.notOk(isPassed(refused));
  kernel.refuses = undefined;
  modes.leave(node, refused.fh);
  t.ok(isPassed(enter(false, reading)));
  t.end();
});

t.test('what is short for the moment ends no passthrough, what is refused does', (t) => {
  const refusals = { ENOMEM: true, ENOSPC: true, ELOOP: false, EPERM: false, ENOTTY: false } as const;
  for (const [code, passesLater] of Object.entries(refusals)) {
    const { kernel, modes, enter } = makeModes({ upper: true, lower: false });
    kernel.refuses = code as keyof typeof refusals;
    const refused = enter(true, writing);
    t.notOk(isPassed(refused), code);
    kernel.refuses = undefined;
    modes.leave(node, refused.fh);
    t.equal(isPassed(enter(true, writing)), passesLater, code);
  }
  t.end();
});

t.test('the attributes of a file with two ids are always asked for', (t) => {
  const { modes } = makeModes({ upper: true, lower: true });
  const usual = modes.attrTtl(node);
  modes.share(node, true);
  t.strictSame(modes.attrTtl(node), { sec: 0, nsec: 0 });
  modes.share(node, false);
  t.equal(modes.attrTtl(node), usual);
  t.end();
});

t.test('a file that cannot be opened for the kernel stays in cached mode, others do not', (t) => {
  const { kernel, modes, enter } = makeModes({ upper: true, lower: false });
  const immutable = modes.enter(8 as NodeId, { id: 100 as HandleId, upper: true }, reading, () => {
    throw fsError('EPERM');
  });
  t.notOk(isPassed(immutable));
  t.ok(isPassed(enter(true, writing)));
  t.strictSame([...kernel.open.values()], [upperFd]);
  t.end();
});
