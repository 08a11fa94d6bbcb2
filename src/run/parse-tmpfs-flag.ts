/**
 * `--tmpfs TARGET[:OPTIONS]`: a file system in memory, with the options of mount(8) that Docker lets through.
 */
import { UserError } from '../base/user-error.ts';
import { mountTarget, type TmpfsRequest } from './mount-request.ts';

const words = new Set(
  'defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime noatime diratime nodiratime bind rbind private shared slave relatime norelatime strictatime nostrictatime'.split(
    ' ',
  ),
);
const keys = new Set([
  'mode',
  'size',
  'uid',
  'gid',
  'nr_inodes',
  'nr_blocks',
  'mpol',
  'huge',
  'inode32',
  'inode64',
]);

/** UserError `bad-mount`. */
export function parseTmpfsFlag(text: string): TmpfsRequest {
  const at = text.indexOf(':');
  const target = mountTarget(at < 0 ? text : text.slice(0, at));
  const given =
    at < 0
      ? []
      : text
          .slice(at + 1)
          .split(',')
          .filter((option) => option !== '');
  for (const option of given) {
    if (words.has(option) || keys.has(option.split('=')[0] ?? '')) continue;
    throw new UserError('bad-mount', `invalid tmpfs option ["${option}"]`, {
      hint: 'size=64m, mode=1777, uid=, gid=, nr_inodes=, and flags of mount(8), are known',
    });
  }
  const isSaid = (word: string): boolean => given.includes(word.replace(/^no/, ''));
  const asked = given.filter((option) => option !== 'defaults');
  return {
    type: 'tmpfs',
    target,
    options: [
      ...['noexec', 'nosuid', 'nodev'].filter((word) => !isSaid(word) && !asked.includes(word)),
      ...asked,
    ],
  };
}
