/**
 * The opcodes of the FUSE protocol, 7.45, and the shape of each request, in one table. A frame is
 * checked against this table once; after that every accessor is safe. A new opcode is a line here and an
 * offset table in requests.ts.
 */
import {
  accessIn,
  batchForgetIn,
  batchForgetOne,
  bmapIn,
  copyFileRangeIn,
  createIn,
  fallocateIn,
  flushIn,
  forgetIn,
  fsyncIn,
  getattrIn,
  getxattrIn,
  initIn,
  interruptIn,
  ioctlIn,
  linkIn,
  lkIn,
  lseekIn,
  mkdirIn,
  mknodIn,
  notifyRetrieveIn,
  openIn,
  pollIn,
  readIn,
  releaseIn,
  removemappingIn,
  rename2In,
  renameIn,
  setattrIn,
  setupmappingIn,
  setxattrIn,
  statxIn,
  syncfsIn,
  writeIn,
} from './requests.ts';

/** enum fuse_opcode */
export const opcode = {
  LOOKUP: 1,
  /** Has no reply. */
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  SYMLINK: 6,
  MKNOD: 8,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  LINK: 13,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  SETXATTR: 21,
  GETXATTR: 22,
  LISTXATTR: 23,
  REMOVEXATTR: 24,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  FSYNCDIR: 30,
  GETLK: 31,
  SETLK: 32,
  SETLKW: 33,
  ACCESS: 34,
  CREATE: 35,
  /** Has no reply unless it came too early (EAGAIN). */
  INTERRUPT: 36,
  BMAP: 37,
  DESTROY: 38,
  IOCTL: 39,
  POLL: 40,
  /** The answer to NOTIFY_RETRIEVE; has no reply. */
  NOTIFY_REPLY: 41,
  /** Has no reply. */
  BATCH_FORGET: 42,
  FALLOCATE: 43,
  READDIRPLUS: 44,
  RENAME2: 45,
  LSEEK: 46,
  COPY_FILE_RANGE: 47,
  SETUPMAPPING: 48,
  REMOVEMAPPING: 49,
  SYNCFS: 50,
  TMPFILE: 51,
  STATX: 52,
  COPY_FILE_RANGE_64: 53,
} as const satisfies Record<string, number>;

export type OpcodeName = keyof typeof opcode;

/** Data after the fixed struct and the names: as many bytes as a field of the struct says. */
export interface PayloadLayout {
  /** Body offset of the 32-bit count. */
  readonly countAt: number;
  /** Bytes for each of the count. */
  readonly unit: number;
}

/** What a request consists of. */
export interface RequestLayout {
  readonly name: OpcodeName;
  /** Bytes of the fixed struct, in the oldest protocol that we speak (7.31). */
  readonly minBody: number;
  /** How many NUL-terminated strings follow it: at most 2. */
  readonly names: number;
  /** What follows these. */
  readonly payload: PayloadLayout | undefined;
}

const none = { bytes: 0 } as const;

interface Shape {
  readonly names?: number;
  readonly payload?: PayloadLayout;
}

function layout(name: OpcodeName, struct: { readonly bytes: number }, shape: Shape = {}): RequestLayout {
  return { name, minBody: struct.bytes, names: shape.names ?? 0, payload: shape.payload };
}

const oneName = { names: 1 } as const;
const twoNames = { names: 2 } as const;

const layouts: readonly RequestLayout[] = [
  layout('LOOKUP', none, oneName),
  layout('FORGET', forgetIn),
  layout('GETATTR', getattrIn),
  layout('SETATTR', setattrIn),
  layout('READLINK', none),
  layout('SYMLINK', none, twoNames),
  layout('MKNOD', mknodIn, oneName),
  layout('MKDIR', mkdirIn, oneName),
  layout('UNLINK', none, oneName),
  layout('RMDIR', none, oneName),
  layout('RENAME', renameIn, twoNames),
  layout('LINK', linkIn, oneName),
  layout('OPEN', openIn),
  layout('READ', readIn),
  layout('WRITE', writeIn, { payload: { countAt: writeIn.size, unit: 1 } }),
  layout('STATFS', none),
  layout('RELEASE', releaseIn),
  layout('FSYNC', fsyncIn),
  layout('SETXATTR', setxattrIn, { names: 1, payload: { countAt: setxattrIn.size, unit: 1 } }),
  layout('GETXATTR', getxattrIn, oneName),
  layout('LISTXATTR', getxattrIn),
  layout('REMOVEXATTR', none, oneName),
  layout('FLUSH', flushIn),
  layout('INIT', initIn),
  layout('OPENDIR', openIn),
  layout('READDIR', readIn),
  layout('RELEASEDIR', releaseIn),
  layout('FSYNCDIR', fsyncIn),
  layout('GETLK', lkIn),
  layout('SETLK', lkIn),
  layout('SETLKW', lkIn),
  layout('ACCESS', accessIn),
  layout('CREATE', createIn, oneName),
  layout('INTERRUPT', interruptIn),
  layout('BMAP', bmapIn),
  layout('DESTROY', none),
  layout('IOCTL', ioctlIn, { payload: { countAt: ioctlIn.inSize, unit: 1 } }),
  layout('POLL', pollIn),
  layout('NOTIFY_REPLY', notifyRetrieveIn, { payload: { countAt: notifyRetrieveIn.size, unit: 1 } }),
  layout('BATCH_FORGET', batchForgetIn, {
    payload: { countAt: batchForgetIn.count, unit: batchForgetOne.bytes },
  }),
  layout('FALLOCATE', fallocateIn),
  layout('READDIRPLUS', readIn),
  layout('RENAME2', rename2In, twoNames),
  layout('LSEEK', lseekIn),
  layout('COPY_FILE_RANGE', copyFileRangeIn),
  layout('SETUPMAPPING', setupmappingIn),
  layout('REMOVEMAPPING', removemappingIn, { payload: { countAt: removemappingIn.count, unit: 16 } }),
  layout('SYNCFS', syncfsIn),
  layout('TMPFILE', createIn, oneName),
  layout('STATX', statxIn),
  layout('COPY_FILE_RANGE_64', copyFileRangeIn),
];

/** The shape of the request with an opcode, by that opcode; undefined where there is none. */
export const requestLayout: readonly (RequestLayout | undefined)[] = tabulate(layouts);

function tabulate(rows: readonly RequestLayout[]): (RequestLayout | undefined)[] {
  const table = new Array<RequestLayout | undefined>(Math.max(...Object.values(opcode)) + 1).fill(undefined);
  for (const row of rows) table[opcode[row.name]] = row;
  return table;
}

/** The name of an opcode, for logs: `LOOKUP`, or `opcode 99`. */
export function opcodeName(code: number): string {
  return requestLayout[code]?.name ?? `opcode ${String(code)}`;
}
