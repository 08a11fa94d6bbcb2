/**
 * Names of images, by the grammar of the distribution project (reference/reference.go): an optional registry, a
 * path in lower case, and a tag or a digest. `ubuntu` means docker.io/library/ubuntu and is shown as `ubuntu`.
 */
import { UserError } from '../base/user-error.ts';

export interface Reference {
  /** As it is shown and kept: `ubuntu`, `example.org/team/app`. */
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const defaultTag = 'latest';
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const domainPattern = /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-.]*[a-zA-Z0-9]|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const longestName = 255;

/** Reads `[REGISTRY/]PATH[:TAG][@DIGEST]`. UserError `bad-name`, whose hint is the corrected name where there is one. */
export function parseReference(text: string): Reference {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  const full = colon < 0 ? named : named.slice(0, colon);
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw bad(text, `'${digest}' is no digest`, 'a digest is sha256: and 64 hexadecimal digits');
  }
  checkTag(text, tag, full);
  return { name: familiarName(text, full), tag, digest };
}

/** The same with the tag `latest` where neither tag nor digest is given. */
export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: defaultTag };
}

/**
 * A name for an image to get, with the tag `latest` unless there is another. UserError `bad-name`, for a digest too: that
 * is what an image has, and nobody can give it one. And for `sha256:TAG`, which reads as a digest.
 */
export function parseNewName(text: string): Reference {
  const reference = parseReference(text);
  if (reference.name === 'sha256')
    throw bad(text, 'it could not be told from a digest', 'choose one that is not sha256');
  if (reference.digest === undefined) return withDefaultTag(reference);
  throw bad(
    text,
    'it has a digest',
    `write ${referenceText(withDefaultTag({ ...reference, digest: undefined }))}`,
  );
}

/** `NAME:TAG`, or `NAME@DIGEST`. */
export function referenceText({ name, tag, digest }: Reference): string {
  if (digest !== undefined) return `${name}@${digest}`;
  return tag === undefined ? name : `${name}:${tag}`;
}

function checkTag(text: string, tag: string | undefined, full: string): void {
  if (tag === undefined || tagPattern.test(tag)) return;
  const better = tag
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 128);
  throw bad(
    text,
    `'${tag}' is no tag`,
    better === '' ? 'a tag is made of letters, digits, _, . and -' : `write ${full.toLowerCase()}:${better}`,
  );
}

function familiarName(text: string, full: string): string {
  const slash = full.indexOf('/');
  const first = slash < 0 ? '' : full.slice(0, slash);
  const isDomain = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const domain = isDomain ? first : undefined;
  const path = domain === undefined ? full : full.slice(slash + 1);
  if (full === '') throw bad(text, 'it is empty', 'write NAME[:TAG]');
  if (domain !== undefined && !domainPattern.test(domain)) {
    throw bad(text, `'${domain}' is no registry`, 'write it as in example.org:5000/NAME');
  }
  for (const part of path.split('/')) {
    if (!component.test(part)) throw badComponent(text, part);
  }
  if (full.length > longestName) {
    throw bad(text, `it is longer than ${String(longestName)} characters`, 'choose a shorter one');
  }
  if (domain === undefined && /^[0-9a-f]{64}$/.test(path)) {
    throw bad(text, 'it could not be told from an id', 'choose one that is not 64 hexadecimal digits');
  }
  const isHub = domain === undefined || domain === 'docker.io' || domain === 'index.docker.io';
  return isHub ? path.replace(/^library\/(?=[^/]+$)/, '') : full;
}

function badComponent(text: string, part: string): UserError {
  const better = text.toLowerCase();
  const isCase = part !== part.toLowerCase() && component.test(part.toLowerCase());
  return bad(
    text,
    isCase ? 'names are in lower case' : `'${part}' is no part of a name`,
    isCase
      ? `write ${better}`
      : 'parts are lower-case letters and digits, with single . _ or - between, and / between parts',
  );
}

function bad(text: string, what: string, hint: string): UserError {
  return new UserError('bad-name', `'${text}' is not a name of an image (${what})`, { hint });
}
