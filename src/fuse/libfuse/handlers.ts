/**
 * The operations of libfuse as fuse-native calls them: its arguments in, its answers out. Every request is answered
 * once, whatever happens: a thread of libfuse waits for it, and the client behind that.
 */
import { errno } from '../../base/errno.ts';
import type { PathAnswer, PathHandler } from '../../os/fuse-native.ts';
import type { Later } from '../../vfs/file-system.ts';
import { errnoOf } from '../gate.ts';
import * as files from './file-operations.ts';
import * as nodes from './node-operations.ts';
import { after, type PathDoor } from './path-door.ts';
import { statvfsWords, timesOf } from './records.ts';
import * as tree from './tree-operations.ts';

/** What fuse-native gets: a result, and what its C function for the operation wants besides. */
interface Outcome {
  readonly result: number;
  readonly values: readonly unknown[];
}

/** `args` are as fuse-native.c makes them, after its record of the request. */
interface Operation<Args extends unknown[]> {
  readonly act: (door: PathDoor, args: Args, record: Buffer) => Later<Outcome>;
  /** With an error fuse-native wants the same values, and reads them. */
  readonly failed: (door: PathDoor, args: Args) => readonly unknown[];
}

const none: readonly unknown[] = [];
const done: Outcome = { result: 0, values: none };

export interface HandlerHooks {
  /** How an operation answers. */
  answerOf(name: string): PathAnswer;
  /** The mount has ended, and the file system is closed or will be. */
  isStopped(): boolean;
  count(name: string): void;
}

/** The handlers for `door`, by the names of their operations. */
export function handlersFor(door: PathDoor, hooks: HandlerHooks): Record<string, PathHandler> {
  const handlers: Record<string, PathHandler> = {};
  for (const [name, operation] of Object.entries(operations)) {
    handlers[name] = handlerOf(door, hooks, name, operation as Operation<unknown[]>);
  }
  return handlers;
}

function handlerOf(
  door: PathDoor,
  hooks: HandlerHooks,
  name: string,
  { act, failed }: Operation<unknown[]>,
): PathHandler {
  const answer = hooks.answerOf(name);
  return (record: Buffer, _: number, ...args: unknown[]): void => {
    const refuse = (number: number): void => {
      answer(record, -number, ...failed(door, args));
    };
    const fail = (thrown: unknown): void => {
      refuse(errnoOf(thrown, door.log, `operation ${name}`));
    };
    const succeed = ({ result, values }: Outcome): void => {
      answer(record, result, ...values);
    };
    hooks.count(name);
    if (hooks.isStopped()) {
      refuse(errno.ENOTCONN);
      return;
    }
    let outcome: Later<Outcome>;
    try {
      outcome = act(door, args, record);
    } catch (thrown) {
      fail(thrown);
      return;
    }
    if (outcome instanceof Promise) outcome.then(succeed, fail);
    else succeed(outcome);
  };
}

/** An operation that answers 0 and nothing else. */
function plain<Args extends unknown[]>(act: (door: PathDoor, ...args: Args) => Later<void>): Operation<Args> {
  return {
    act: (door, args) => after(act(door, ...args), () => done),
    failed: () => none,
  };
}

/** One that fills the door's attributes. */
function attributes<Args extends unknown[]>(
  act: (door: PathDoor, ...args: Args) => Later<void>,
): Operation<Args> {
  return {
    act: (door, args) => after(act(door, ...args), () => ({ result: 0, values: [door.words] })),
    failed: (door) => [door.words],
  };
}

/** One that answers one value, with another in its place where it fails. */
function valued<Args extends unknown[], T>(
  act: (door: PathDoor, ...args: Args) => Later<T>,
  onFailure: T,
): Operation<Args> {
  return {
    act: (door, args) => after(act(door, ...args), (value) => ({ result: 0, values: [value] })),
    failed: () => [onFailure],
  };
}

/**
 * One that answers a number of bytes; `values` end with the memory of its buffer, which fuse-native detaches, since
 * libfuse will use it for something else.
 */
function counting<Args extends unknown[]>(
  values: (...args: Args) => readonly unknown[],
  act: (door: PathDoor, ...args: Args) => Later<number>,
): Operation<Args> {
  return {
    act: (door, args) => after(act(door, ...args), (result) => ({ result, values: values(...args) })),
    failed: (_, args) => values(...args),
  };
}

/** Of read and write: path, file, buffer, its length, and the position in two halves. */
type Transfer = [path: string, file: number, buffer: Buffer, length: number, low: number, high: number];

function transferring(
  act: (door: PathDoor, file: number, buffer: Buffer, position: number) => Later<number>,
) {
  return counting(
    (...args: Transfer) => [0, args[2].buffer],
    (door, _, file, buffer, __, low, high) => act(door, file, buffer, long(low, high)),
  );
}

const long = (low: number, high: number): number => low + high * 2 ** 32;

const operations = {
  getattr: attributes(nodes.getattr),
  fgetattr: attributes(nodes.fgetattr),
  statfs: valued(nodes.statfs, new Uint32Array(statvfsWords)),
  readdir: {
    act: (door: PathDoor, [path]: [path: string]): Later<Outcome> =>
      after(nodes.readdir(door, path), ({ names, stats }) => ({ result: 0, values: [names, stats] })),
    failed: () => [[], []],
  },
  readlink: valued(nodes.readlink, ''),
  mknod: plain(tree.mknod),
  mkdir: plain(tree.mkdir),
  symlink: plain(tree.symlink),
  link: plain(tree.link),
  unlink: plain(tree.unlink),
  rmdir: plain(tree.rmdir),
  rename: plain(tree.rename),
  chmod: plain(nodes.chmod),
  chown: plain(nodes.chown),
  utimens: {
    act: (door: PathDoor, [path, low, high]: [path: string, low: number, high: number], record: Buffer) =>
      after(nodes.utimens(door, path, timesOf(record, low, high)), () => done),
    failed: () => none,
  },
  truncate: plain((door, path: string, low: number, high: number) =>
    nodes.truncate(door, path, long(low, high)),
  ),
  ftruncate: plain((door, _: string, file: number, low: number, high: number) =>
    nodes.ftruncate(door, file, long(low, high)),
  ),
  open: valued(files.open, 0),
  create: valued(files.create, 0),
  release: plain((door, _: string, file: number) => {
    files.release(door, file);
  }),
  read: transferring(files.read),
  write: transferring(files.write),
  fsync: plain((door, _: string, dataOnly: number, file: number) => files.fsync(door, file, dataOnly !== 0)),
  fsyncdir: plain((door, path: string, dataOnly: number) => nodes.fsyncdir(door, path, dataOnly !== 0)),
  getxattr: counting((_: string, __: string, buffer: Buffer) => [buffer.buffer], nodes.getxattr),
  listxattr: counting((_: string, buffer: Buffer) => [buffer.buffer], nodes.listxattr),
  setxattr: counting(
    (...args: [path: string, name: string, value: Buffer, position: number, flags: number]) => [
      args[2].buffer,
    ],
    (door, path, name, value, _, flags) => after(nodes.setxattr(door, path, name, value, flags), () => 0),
  ),
  removexattr: plain(nodes.removexattr),
};
