/**
 * `--chmod`: an octal number, or clauses as chmod(1) has them (`u=rwX,go=rX`).
 */
import { UserError } from '../../base/user-error.ts';
import { S_IFDIR, S_IFMT } from '../../os/constants.ts';

/** The permission bits for an object of that st_mode. */
export type ModeChange = (mode: number) => number;

const whoBits = { u: 0o4700, g: 0o2070, o: 0o1007 } as const;
const permBits = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 } as const;

/** UserError `bad-mode`. */
export function parseMode(text: string): ModeChange {
  if (/^[0-7]{1,5}$/.test(text) && Number.parseInt(text, 8) <= 0o7777) {
    const fixed = Number.parseInt(text, 8);
    return () => fixed;
  }
  const clauses = text.split(',').map((clause) => parseClause(clause, text));
  return (mode) => clauses.reduce((bits, change) => change((mode & S_IFMT) | bits), mode & 0o7777);
}

function parseClause(clause: string, text: string): ModeChange {
  const match = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/.exec(clause);
  if (match === null) {
    throw new UserError('bad-mode', `--chmod=${text} is no mode`, {
      hint: 'write --chmod=755 or --chmod=u=rwX,go=rX',
    });
  }
  const who = match[1] === undefined || match[1] === '' || match[1].includes('a') ? 'ugo' : match[1];
  const mask = Array.from(who).reduce((bits, letter) => bits | whoBits[letter as keyof typeof whoBits], 0);
  const actions = [...(match[2] ?? '').matchAll(/([-+=])([^-+=]*)/g)];
  return (mode) =>
    actions.reduce((current, [, operator = '+', what = '']) => {
      const bits = bitsOf(what, current) & mask;
      const old = current & 0o7777;
      const next = operator === '+' ? old | bits : operator === '-' ? old & ~bits : (old & ~mask) | bits;
      return (current & S_IFMT) | next;
    }, mode) & 0o7777;
}

function bitsOf(what: string, mode: number): number {
  const copied = { u: (mode >> 6) & 7, g: (mode >> 3) & 7, o: mode & 7 }[what];
  if (copied !== undefined) return copied * 0o111;
  const isExecutable = (mode & S_IFMT) === S_IFDIR || (mode & 0o111) !== 0;
  return Array.from(what).reduce((bits, letter) => {
    if (letter === 'X') return isExecutable ? bits | permBits.x : bits;
    return bits | permBits[letter as keyof typeof permBits];
  }, 0);
}
