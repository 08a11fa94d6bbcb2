/**
 * What a tar says of one object, whatever form of header it was said in: the language between the reader of the
 * tar and that of the layer, and between the writers of both.
 */
import type { Name } from '../base/name.ts';
import type { TimeSpec } from '../base/time-spec.ts';

export type EntryType = 'file' | 'directory' | 'symlink' | 'link' | 'char' | 'block' | 'fifo';

export interface TarEntry {
  /** As it stands in the tar: it may begin with `./` or `/`, and end with `/`. */
  readonly path: Name;
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: TimeSpec;
  /** Bytes of content, holes included; 0 for anything but a file. */
  readonly size: number;
  /** Target of a symbolic link; path of an earlier entry for `link`; otherwise empty. */
  readonly linkName: Name;
  /** As in `st.rdev`: major * 2^20 + minor. */
  readonly rdev: number;
  /** Names as in listxattr(2). */
  readonly xattrs: readonly (readonly [Name, Buffer])[];
}
