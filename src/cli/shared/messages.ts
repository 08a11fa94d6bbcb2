/**
 * What a call of `stratafs` and the process that serves for it say to each other, in this order: the mount or the call, that it
 * is taken or refused, that it answers or failed, and that whoever called knows of it. An end of the conversation
 * before `taken` means that nothing was done. Both are of one version, which the name of the socket takes care of.
 */
import { UserError } from '../../base/user-error.ts';
import { lineOf } from '../error-line.ts';
import type { MountSpec } from '../mount-spec.ts';
import type { Call } from './call.ts';

export type Request =
  /** All paths are absolute, without symbolic links and dots. */
  | { readonly spec: MountSpec }
  /** native/handover.c, which reads no options. Of what it hears it looks at the word `is` alone, which comes first. */
  | { readonly call: Call };

/** Who called knows that the mount is there: without this it is taken away again. */
export interface Confirmation {
  readonly kept: true;
}

/** An error as it is told to a person. */
export interface Failure {
  readonly code: string;
  readonly line: string;
  readonly exitCode: number;
}

export interface Reply {
  readonly is: 'refused' | 'taken' | 'mounted' | 'failed';
  readonly failure?: Failure;
}

export function failureOf(thrown: unknown): Failure {
  const { code, exitCode } = thrown instanceof UserError ? thrown : new UserError('failed', '');
  return { code, line: lineOf(thrown), exitCode };
}

export function errorOf({ code, line, exitCode }: Failure): UserError {
  return new UserError(code, line, { exitCode });
}

/** undefined for anything else. */
export function readRequest(value: unknown): Request | undefined {
  const { spec, call } = (value ?? {}) as { readonly spec?: MountSpec; readonly call?: Call };
  if (typeof spec?.mountPoint === 'string' && Array.isArray(spec.layers.lower)) return { spec };
  return typeof call?.program === 'string' && Array.isArray(call.arguments) ? { call } : undefined;
}

/** undefined for anything else. */
export function readReply(value: unknown): Reply | undefined {
  const is = (value as Partial<Reply> | null | undefined)?.is;
  return typeof is === 'string' ? (value as Reply) : undefined;
}

export function isConfirmation(value: unknown): boolean {
  return (value as Partial<Confirmation> | null | undefined)?.kept === true;
}
