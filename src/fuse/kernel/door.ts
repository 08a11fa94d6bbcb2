/**
 * What the handlers of requests share: the frame that is being answered, the reply, and how to answer
 * later. It knows the file system by its interface alone, and nothing of layers.
 */
import { errno } from '../../base/errno.ts';
import type { NodeId } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { FuseChannel } from '../../os/fuse-channel.ts';
import { Attr, attrSize } from '../../vfs/attr.ts';
import type { Caller, FileSystem, Later } from '../../vfs/file-system.ts';
import { Frame } from '../../wire/frame.ts';
import { notifyInvalInode } from '../../wire/notify.ts';
import { attrAttrOffset, entryAttrOffset, Reply } from '../../wire/reply.ts';
import { errnoOf } from '../gate.ts';
import { Absences } from './absences.ts';
import { FirstData } from './first-data.ts';
import { IdleWork } from './idle-work.ts';
import { Interruptions } from './interruptions.ts';
import { LargeMessages } from './large-messages.ts';
import { handleOf, type OpenModes } from './open-modes.ts';
import type { Relaxed } from './relaxed.ts';
import { RepeatedOpens } from './repeated-opens.ts';

/** Enough for every reply but data: struct fuse_entry_out and struct fuse_open_out, or struct fuse_statx_out. */
const lateReplyBytes = 512;

/** Writes a reply and answers its length. */
export type Encode<T> = (reply: Reply, value: T) => number;

export interface DoorParts {
  readonly fs: FileSystem;
  readonly channel: FuseChannel;
  readonly modes: OpenModes;
  readonly relaxed: Relaxed | undefined;
  readonly layersChange?: boolean;
  /** Data of lower layers is given to the kernel's page cache before it asks. */
  readonly givesData?: boolean;
  readonly log: Log;
}

export class Door {
  readonly fs: FileSystem;
  readonly channel: FuseChannel;
  readonly frame: Frame;
  readonly reply: Reply;
  readonly modes: OpenModes;
  /** How files are opened and truncated where those of lower layers are passed through. */
  readonly relaxed: Relaxed | undefined;
  /** Others change the layers: nothing may be told that was found out earlier. */
  readonly layersChange: boolean;
  readonly log: Log;
  /** What is to be done once no request waits. */
  readonly idle: IdleWork;
  /** Undefined where files of lower layers do not go through FUSE's page cache, or change without us. */
  readonly firstData: FirstData | undefined;
  /** Undefined where opening a file again may be answered otherwise though nobody asked for a change. */
  readonly repeats: RepeatedOpens | undefined;
  /** The same for attributes that are not there. */
  readonly absences: Absences | undefined;
  /** Who waits for a reply that comes later, and is interrupted. */
  readonly interruptions = new Interruptions();
  readonly large: LargeMessages;
  /** Who asks; filled for each request. */
  readonly caller: Caller = { uid: 0, gid: 0, pid: 0, umask: 0, unique: 0 };
  /** Attributes in whatever reply is being written. */
  readonly attr = new Attr();
  /** For attributes that are answered in another form than they are read in. */
  readonly statxBlock = Buffer.alloc(88);
  /** The kernel keeps written data back (the write-back cache was negotiated). */
  writesBack = false;
  /** Replies that are still to come. */
  pending = 0;
  #onLast: () => void = () => undefined;
  #end: Promise<void> | undefined;

  constructor(parts: DoorParts) {
    const { fs, channel } = parts;
    this.fs = fs;
    this.channel = channel;
    this.modes = parts.modes;
    this.relaxed = parts.relaxed;
    this.layersChange = parts.layersChange ?? false;
    this.log = parts.log;
    this.frame = new Frame(channel.request);
    this.reply = new Reply(channel.reply);
    this.idle = new IdleWork(channel, parts.log);
    this.large = new LargeMessages(() => {
      channel.giveBack();
    });
    const isAlike = !this.layersChange && this.relaxed === undefined;
    const release = (node: NodeId, fh: number): void => {
      this.release(node, fh);
    };
    this.repeats = isAlike ? new RepeatedOpens(channel, release) : undefined;
    const { bareNodes } = channel;
    this.absences = isAlike && bareNodes !== undefined ? new Absences(fs, bareNodes) : undefined;
    this.firstData = parts.givesData === true ? new FirstData(this) : undefined;
  }

  /** Notes who asks; `umask` for what creates. */
  who(umask = 0): Caller {
    const { caller, frame } = this;
    caller.uid = frame.uid;
    caller.gid = frame.gid;
    caller.pid = frame.pid;
    caller.unique = frame.unique;
    caller.umask = umask;
    return caller;
  }

  /** Answers now if the result is here, or when it comes. `encode` must not look at the frame. */
  settle<T>(result: Later<T>, encode: Encode<T>): number {
    return result instanceof Promise ? this.later(result, encode) : encode(this.reply, result);
  }

  /** Answers when `result` comes, into `buffer` or a small one. */
  later<T>(result: Promise<T>, encode: Encode<T>, buffer?: Buffer): number {
    const { unique, uniqueLow, uniqueHigh, opcode, pid } = this.frame;
    this.pending += 1;
    this.interruptions.begin(unique, pid);
    const send = (make: (reply: Reply) => number): void => {
      const reply = new Reply(buffer ?? Buffer.alloc(lateReplyBytes));
      reply.beginUnique(uniqueLow, uniqueHigh);
      this.#send(reply, this.#guarded(reply, opcode, make));
      this.pending -= 1;
      this.interruptions.end(unique);
      if (this.pending === 0) this.#onLast();
    };
    result.then(
      (value) => {
        send((reply) => encode(reply, value));
      },
      (thrown: unknown) => {
        send((reply) => reply.error(errnoOf(thrown, this.log, `request ${String(opcode)}`)));
      },
    );
    return 0;
  }

  /**
   * The connection has ended, and nobody waits any more: what is still to be answered is interrupted. Resolves
   * when nothing of it is under way; the file system must not be closed before.
   */
  end(): Promise<void> {
    return (this.#end ??= new Promise((resolve) => {
      this.#onLast = resolve;
      for (const unique of this.interruptions.waiting) this.interrupt(unique);
      if (this.pending === 0) resolve();
    }));
  }

  /** Nobody waits any more for the reply to request `unique`. */
  interrupt(unique: number): void {
    this.fs.interrupt(unique);
    this.modes.changes.interrupt(unique);
  }

  /**
   * What the kernel knows of the attributes of `node` is no longer so. It takes no lock for that, so it may be
   * told while somebody waits for an answer.
   */
  forgetAttributes(node: NodeId): void {
    const message = notifyInvalInode(node, -1, 0);
    this.channel.send(message, message.length);
  }

  /** What the kernel keeps of the entries of directory `node` is no longer so; it waits for nobody either. */
  forgetListing(node: NodeId): void {
    const message = notifyInvalInode(node, 0, 0);
    this.channel.send(message, message.length);
  }

  /** Nobody has the open file `fh` of `node` open any more. */
  release(node: NodeId, fh: number): void {
    this.modes.leave(node, fh);
    this.fs.release(handleOf(fh));
    // FORGET comes by a queue of its own, and may have been first.
    if (!this.fs.knows(node)) this.forgotten(node);
  }

  /** The client gives back `count` lookups. */
  forget(node: NodeId, count: number): void {
    this.repeats?.end(node);
    if (this.fs.forget(node, count)) this.forgotten(node);
  }

  /** `node` is known no more: the kernel has forgotten it, and released all that was open. */
  forgotten(node: NodeId): void {
    this.relaxed?.forgotten(node);
    this.firstData?.forgotten(node);
    this.modes.forgotten(node);
  }

  /** Where an operation leaves the attributes of the entry that it answers. */
  entryAttr(): Attr {
    this.attr.buffer = this.reply.buffer;
    this.attr.offset = entryAttrOffset;
    return this.attr;
  }

  /** A whole struct fuse_entry_out for a node whose attributes are in `entryAttr`. */
  newEntry(node: NodeId): number {
    return this.reply.entryOut(node, 0, this.modes.nameTtl, this.modes.attrTtl(node));
  }

  /** The same for a node whose attributes are in `attr`. */
  linked(reply: Reply, node: NodeId, attr: Attr): number {
    attr.buffer.copy(reply.buffer, entryAttrOffset, attr.offset, attr.offset + attrSize);
    return reply.entryOut(node, 0, this.modes.nameTtl, this.modes.attrTtl(node));
  }

  /** A whole struct fuse_attr_out. */
  attributes(reply: Reply, node: NodeId): number {
    this.attr.buffer = reply.buffer;
    this.attr.offset = attrAttrOffset;
    this.fs.getattr(node, this.attr);
    return reply.attrOut(this.modes.attrTtl(node));
  }

  /** ENOENT: interrupted. ENODEV: the connection has ended. After another refusal somebody would wait for ever. */
  #send(reply: Reply, length: number): void {
    const refused = this.channel.send(reply.buffer, length);
    if (refused === 0 || refused === errno.ENOENT || refused === errno.ENODEV) return;
    this.channel.send(reply.buffer, reply.error(errno.EIO));
  }

  #guarded(reply: Reply, opcode: number, make: (reply: Reply) => number): number {
    try {
      return make(reply);
    } catch (thrown) {
      return reply.error(errnoOf(thrown, this.log, `request ${String(opcode)}`));
    }
  }
}
