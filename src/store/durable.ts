/**
 * Files that are whole or not there, whatever happens: written under another name, synced, renamed, and the
 * directory synced. A crash leaves the old content, and perhaps a file whose name begins with `.new-`.
 */
import { randomBytes } from 'node:crypto';
import { open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../base/user-error.ts';

/** What a crash may leave begins so. */
export const unfinishedPrefix = '.new-';

/** Replaces the file at `path`, or makes it. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const unfinished = join(dirname(path), `${unfinishedPrefix}${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(unfinished, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (thrown) {
    await rm(unfinished, { force: true });
    throw thrown;
  }
  await syncDirectory(dirname(path));
}

/** Makes what was renamed into a directory, or out of it, outlast a crash. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The text of a file; undefined where there is none. */
export async function findText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

/** A file that holds JSON of this shape; undefined where there is none. UserError `broken-file`. */
export async function findJson<Schema extends v.GenericSchema>(
  path: string,
  schema: Schema,
): Promise<v.InferOutput<Schema> | undefined> {
  const text = await findText(path);
  return text === undefined ? undefined : parseJson(text, schema, path);
}

/** The value in a text that holds JSON of this shape. UserError `broken-file`, which names `path`. */
export function parseJson<Schema extends v.GenericSchema>(
  text: string,
  schema: Schema,
  path: string,
): v.InferOutput<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw brokenFile(path, 'it is not JSON', cause);
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue);
  throw brokenFile(path, `${where === null ? '' : `${where}: `}${issue.message}`);
}

/** A file of the data root that cannot be what we wrote. */
export function brokenFile(path: string, what: string, cause?: unknown): UserError {
  return new UserError('broken-file', `${path} is damaged (${what})`, {
    hint: 'strata system check tells what else is, and strata system check --repair mends what can be mended',
    cause,
  });
}

/** Whether `thrown` says that a file is damaged. */
export function isBroken(thrown: unknown): thrown is UserError {
  return thrown instanceof UserError && thrown.code === 'broken-file';
}

/** The same of what a promise was rejected with: an error that says that a file is damaged is a value, any other is thrown. */
export function asBroken(thrown: unknown): UserError {
  if (isBroken(thrown)) return thrown;
  throw thrown;
}

/** What could be read, and what is wrong with the rest, of a list of both. */
export function partSound<T extends object>(
  all: Iterable<T | UserError>,
): { readonly sound: T[]; readonly faults: UserError[] } {
  const [sound, faults]: [T[], UserError[]] = [[], []];
  for (const one of all) {
    if (one instanceof UserError) faults.push(one);
    else sound.push(one);
  }
  return { sound, faults };
}

/** Whether `thrown` is an error of the system, Node's or ours, with this code. */
export function isErrno(thrown: unknown, ...codes: readonly string[]): boolean {
  return thrown instanceof Error && codes.includes((thrown as NodeJS.ErrnoException).code ?? '');
}

/** What a file of the data root holds in one line; undefined where there is no file. */
export async function findLine(path: string): Promise<string | undefined> {
  return (await findText(path))?.replace(/\n$/, '');
}

/** The names in a directory, sorted; none where there is no directory. Names that a crash has left are among them. */
export async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return [];
    throw thrown;
  }
}
