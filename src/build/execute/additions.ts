/**
 * Files that ADD and COPY take from elsewhere than a tree: what stands in the Dockerfile, what is fetched by http.
 * Each becomes a directory of its own below a scratch directory, and is copied from there.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UserError } from '../../base/user-error.ts';
import { httpGet } from './http-get.ts';
import { findProxy } from './proxies.ts';

/** A directory with one file; its name is that of the heredoc. */
export function inlineFile(scratch: string, name: string, content: string, timeSeconds: number): string {
  const directory = mkdtempSync(join(scratch, 'inline-'));
  const path = join(directory, basename(name));
  writeFileSync(path, content, { mode: 0o644 });
  chmodSync(path, 0o644);
  utimesSync(path, timeSeconds, timeSeconds);
  return directory;
}

export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** Sources that other builders take. UserError `no-git`; nothing for a path or a URL of a file. */
export function refuseGit(source: string): void {
  const isGit = /^(git@|git:\/\/|ssh:\/\/)/i.test(source) || (isUrl(source) && /\.git([#?]|$)/i.test(source));
  if (!isGit) return;
  throw new UserError('no-git', 'repositories are not cloned', {
    hint: 'clone it before the build and COPY it, or RUN git clone in a stage',
  });
}

export interface Download {
  /** Holds the one file. */
  readonly directory: string;
  readonly name: string;
  /** `sha256:<hex>` of its content. */
  readonly digest: string;
}

/**
 * Fetches a file, mode 0600, with the time of Last-Modified (Dockerfile reference, "ADD"). `checksum`: what its
 * digest must be. UserError `download-failed`, `bad-checksum`, `no-name` where the URL ends in none and `isDirectory`; the
 * reason of `signal`.
 */
export async function download(
  scratch: string,
  url: string,
  options: {
    readonly checksum: string | undefined;
    readonly isDirectory: boolean;
    /** Proxies that the build was given, by the names of the variables. */
    readonly proxies?: ReadonlyMap<string, string>;
    readonly signal: AbortSignal;
  },
): Promise<Download> {
  const name = nameIn(url);
  if (name === undefined && options.isDirectory) {
    throw new UserError('no-name', `${shown(url)} ends in no file name`, {
      hint: 'write the name of the file as destination',
    });
  }
  const response = await fetchFile(url, options);
  const directory = mkdtempSync(join(scratch, 'fetched-'));
  const path = join(directory, name ?? 'file');
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of bodyOf(response, url, options.signal)) {
      hash.update(chunk);
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (options.checksum !== undefined && options.checksum !== digest) {
    throw new UserError('bad-checksum', `${shown(url)} is ${digest}, not ${options.checksum}`, {
      hint: 'what is there has changed: look at it, then write the new --checksum',
    });
  }
  const modified = Date.parse(response.headers['last-modified'] ?? '');
  const seconds = Number.isNaN(modified) ? 0 : modified / 1000;
  utimesSync(path, seconds, seconds);
  return { directory, name: basename(path), digest };
}

/** The last part of its path, decoded (BuildKit: path.Base of Go's url.URL.Path); undefined where that names no file. */
function nameIn(url: string): string | undefined {
  if (!URL.canParse(url)) {
    throw new UserError('download-failed', `${url} is no address`, { hint: 'write http://HOST/PATH' });
  }
  const { pathname } = new URL(url);
  const name = basename(decoded(pathname));
  return ['', '.', '..'].includes(name) || name.includes('\0') ? undefined : name;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    // A lone %, or what is no UTF-8: it is as it is written.
    if (error instanceof URIError) return path;
    throw error;
  }
}

/** Unpacked where it is said to be packed for the way alone (Go's client, and so Docker's, does that for `gzip`). */
async function* bodyOf(
  response: IncomingMessage,
  url: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const isPacked = response.headers['content-encoding']?.toLowerCase() === 'gzip';
  try {
    const body = isPacked ? pipeline(response, createGunzip(), () => undefined) : response;
    for await (const chunk of body) yield chunk as Uint8Array;
  } catch (cause) {
    throw downloadFailed(url, signal, cause);
  }
}

/** Throws the reason of the signal where that is why. */
function downloadFailed(url: string, signal: AbortSignal, cause: unknown): UserError {
  signal.throwIfAborted();
  const reason = ((cause as Error).cause as Error | undefined)?.message ?? (cause as Error).message;
  return new UserError('download-failed', `${shown(url)} cannot be fetched (${reason})`, {
    hint: 'look at the address and at the network of this machine',
    cause,
  });
}

async function fetchFile(
  url: string,
  {
    proxies = new Map(),
    signal,
  }: { readonly proxies?: ReadonlyMap<string, string>; readonly signal: AbortSignal },
): Promise<IncomingMessage> {
  let response: IncomingMessage;
  try {
    response = await httpGet(new URL(url), { proxyOf: (asked) => findProxy(asked, proxies), signal });
  } catch (cause) {
    throw downloadFailed(url, signal, cause);
  }
  const { statusCode = 0, statusMessage = '' } = response;
  if (statusCode >= 200 && statusCode < 300) return response;
  response.destroy();
  throw new UserError('download-failed', `${shown(url)} answers ${String(statusCode)} ${statusMessage}`, {
    hint: 'look at the address',
  });
}

/** Without its password. */
function shown(url: string): string {
  return url.replace(/(?<=^https?:\/\/[^/:@]*:)[^/@]*(?=@)/i, 'xxxxx');
}
