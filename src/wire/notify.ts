/**
 * Messages to the kernel that answer nothing: struct fuse_out_header with unique 0 and, where the error
 * would be, a code above 0. They are rare, so each is a buffer of its own.
 */
import { notifyCode } from './flags.ts';
import { replyHeaderBytes } from './reply.ts';
import { putU64, wordsOf } from './words.ts';

function message(code: number, bodyLength: number): { buffer: Buffer; words: Uint32Array } {
  const buffer = Buffer.alloc(replyHeaderBytes + bodyLength);
  const words = wordsOf(buffer);
  words[0] = buffer.length;
  words[1] = code;
  return { buffer, words };
}

/**
 * FUSE_NOTIFY_INVAL_INODE: forget the attributes of a node, and its cached data from `offset` on: `length`
 * bytes, 0 for all of it. A negative offset leaves the data alone.
 */
export function notifyInvalInode(nodeId: number, offset: number, length: number): Buffer {
  const { buffer, words } = message(notifyCode.INVAL_INODE, 24);
  putU64(words, 4, nodeId);
  putU64(words, 6, offset);
  putU64(words, 8, length);
  return buffer;
}

/**
 * FUSE_NOTIFY_INVAL_ENTRY: forget a name in a directory. The kernel takes the directory's lock: never send
 * it from where an operation on that directory waits for its reply. `flags` is `invalEntryFlag`.
 */
export function notifyInvalEntry(parent: number, name: string, flags = 0): Buffer {
  const { buffer, words } = message(notifyCode.INVAL_ENTRY, 16 + name.length + 1);
  putU64(words, 4, parent);
  words[6] = name.length;
  words[7] = flags;
  buffer.write(name, replyHeaderBytes + 16, 'latin1');
  return buffer;
}

/** FUSE_NOTIFY_DELETE: the name was removed. As `notifyInvalEntry`, and watchers of inotify(7) learn of it. */
export function notifyDelete(parent: number, child: number, name: string): Buffer {
  const { buffer, words } = message(notifyCode.DELETE, 24 + name.length + 1);
  putU64(words, 4, parent);
  putU64(words, 6, child);
  words[8] = name.length;
  buffer.write(name, replyHeaderBytes + 24, 'latin1');
  return buffer;
}

/** FUSE_NOTIFY_RESEND (7.40): send again what was read and not answered, marked as `Frame.resent`. */
export function notifyResend(): Buffer {
  return message(notifyCode.RESEND, 0).buffer;
}

/** Where the data begins in a message of `notifyStore`: struct fuse_out_header, struct fuse_notify_store_out. */
export const storeDataOffset = replyHeaderBytes + 24;

/**
 * FUSE_NOTIFY_STORE: `length` bytes of a file from its start, which lie in `buffer` already, behind
 * `storeDataOffset`. Answers the length of the message. The kernel takes the lock of each page: never send it
 * where a read or write of the file may wait for its reply.
 */
export function notifyStore(buffer: Buffer, nodeId: number, length: number): number {
  const words = wordsOf(buffer);
  const whole = storeDataOffset + length;
  words.fill(0, 0, storeDataOffset / 4);
  words[0] = whole;
  words[1] = notifyCode.STORE;
  putU64(words, 4, nodeId);
  words[8] = length;
  return whole;
}
