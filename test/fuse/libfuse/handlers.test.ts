/** What goes back to fuse-native: one answer for each request, whatever happens. */
import t from 'tap';
import { fsError } from '../../../src/base/fs-error.ts';
import type { HandleId, NodeId } from '../../../src/base/ids.ts';
import { createLog } from '../../../src/base/log.ts';
import { asName } from '../../../src/base/name.ts';
import { handlersFor } from '../../../src/fuse/libfuse/handlers.ts';
import { PathDoor } from '../../../src/fuse/libfuse/path-door.ts';
import type { FileSystem, OpenFile } from '../../../src/vfs/file-system.ts';

const record = Buffer.alloc(200);

interface Stage {
  readonly answers: { result: number; values: unknown[] }[];
  readonly log: string[];
  stopped: boolean;
  ask(name: string, ...args: unknown[]): void;
}

/** Handlers before a file system that does what `fs` says. */
function stage(fs: Partial<FileSystem>): Stage {
  const log: string[] = [];
  const door = new PathDoor({
    fs: { lookup: () => 2 as NodeId, forget: () => true, ...fs } as FileSystem,
    log: createLog((line) => log.push(line)),
    owner: { uid: 0, gid: 0, pid: 1 },
    layersChange: false,
  });
  const made: Stage = {
    answers: [],
    log,
    stopped: false,
    ask: (name, ...args) => {
      (handlers[name] as (...all: unknown[]) => void)(record, 0, ...args);
    },
  };
  const handlers = handlersFor(door, {
    answerOf:
      () =>
      (_, result, ...values) =>
        made.answers.push({ result, values }),
    isStopped: () => made.stopped,
    count: () => undefined,
  });
  return made;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('an unexpected exception is EIO, and the operator hears of it', async (t) => {
  const now = stage({
    readlink: () => {
      throw new TypeError('ours');
    },
  });
  now.ask('readlink', '/l');
  t.strictSame(now.answers, [{ result: -5, values: [''] }]);
  t.match(now.log.join(), /ours/);
  const later = stage({ setattr: () => Promise.reject(new TypeError('ours')) });
  later.ask('chmod', '/f', 0o600);
  await settled();
  t.strictSame(later.answers, [{ result: -5, values: [] }]);
});

t.test('ENOSYS of a layer is not said: libfuse and the kernel would never ask again', async (t) => {
  const fs = stage({
    getxattr: () => {
      throw fsError('ENOSYS');
    },
  });
  fs.ask('getxattr', '/f', 'user.x', Buffer.alloc(8), 0);
  t.match(fs.answers, [{ result: -95 }]);
});

t.test('memory of libfuse is handed back with an error, too', async (t) => {
  const fs = stage({});
  const buffer = Buffer.alloc(8);
  fs.ask('read', '/f', 99, buffer, 8, 0, 0);
  t.equal(fs.answers[0]?.result, -9, 'EBADF: nothing is open');
  t.equal(fs.answers[0]?.values[1], buffer.buffer);
});

t.test('a file that is open and cannot be unlinked is forgotten when it is', async (t) => {
  const refuse = (): never => {
    throw fsError('EROFS');
  };
  for (const refused of [refuse, () => Promise.reject(fsError('EROFS'))]) {
    const forgotten: NodeId[] = [];
    let unlink: FileSystem['unlink'] = refused;
    const fs = stage({
      forget: (node) => forgotten.push(node) > 0,
      open: () => ({ id: 1 as HandleId, nodeId: 2 as NodeId }) as OpenFile,
      unlink: (...asked) => unlink(...asked),
    });
    fs.ask('open', '/f', 0);
    // How libfuse unlinks what is open.
    fs.ask('rename', '/f', '/.fuse_hidden0000000200000001');
    await settled();
    unlink = () => undefined;
    fs.ask('unlink', '/f');
    t.strictSame(
      fs.answers.map(({ result }) => result),
      [0, -30, 0],
    );
    t.strictSame(forgotten, [2]);
  }
});

t.test('after the end everything is ENOTCONN, and the file system is left alone', async (t) => {
  const fs = stage({
    readlink: () => {
      throw new Error('it is closed');
    },
  });
  fs.stopped = true;
  fs.ask('readlink', '/l');
  t.strictSame(fs.answers, [{ result: -107, values: [''] }]);
  t.strictSame(fs.log, []);
});

t.test('a value that does not fit is ERANGE, its size is told', async (t) => {
  const fs = stage({ getxattr: () => Buffer.from('12345') });
  fs.ask('getxattr', '/f', 'user.x', Buffer.alloc(4), 0);
  fs.ask('getxattr', '/f', 'user.x', Buffer.alloc(0), 0);
  fs.ask('getxattr', '/f', 'user.x', Buffer.alloc(5), 0);
  t.strictSame(
    fs.answers.map(({ result }) => result),
    [-34, 5, 5],
  );
});

t.test('a name or a target that is not UTF-8 is refused, not taken for another', async (t) => {
  const fs = stage({ readlink: () => asName('\xff') });
  fs.ask('getattr', '/a\uFFFD');
  fs.ask('readlink', '/l');
  t.strictSame(
    fs.answers.map(({ result }) => result),
    [-84, -84],
  );
});

t.test('times whose record is not laid out as expected are not set', async (t) => {
  const changes: unknown[] = [];
  const fs = stage({ setattr: (_, __, change) => void changes.push(change) });
  record.writeBigInt64LE(1_500n, 104);
  record.writeBigInt64LE(-500n, 112);
  fs.ask('utimens', '/f', 1_499, 0, 1_499, 0);
  fs.ask('utimens', '/f', 1_500, 0, 1_500, 0);
  t.strictSame(
    fs.answers.map(({ result }) => result),
    [-95, 0],
  );
  t.match(changes, [{ atime: { sec: 1, nsec: 500_000_000 }, mtime: { sec: -1, nsec: 500_000_000 } }]);
});
