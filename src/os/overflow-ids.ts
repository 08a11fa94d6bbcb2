/**
 * The ids of users and groups that have none: what stat(2) answers in a user namespace that does not know them.
 */
import { asName } from '../base/name.ts';
import { findSmallFile } from './small-file.ts';

/** As the machine is configured; 65534 where it does not tell. */
export function readOverflowIds(): { readonly uid: number; readonly gid: number } {
  return { uid: readOverflowId('uid'), gid: readOverflowId('gid') };
}

function readOverflowId(kind: 'uid' | 'gid'): number {
  const text = findSmallFile(asName(`/proc/sys/kernel/overflow${kind}`));
  return text === undefined ? 65534 : Number.parseInt(text, 10);
}
