/**
 * What `strata build` reads: the Dockerfile, the context, and the rules that leave out some of it. Contexts that
 * other builders take (archives, repositories) are errors that say what to do.
 */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { UserError } from '../base/user-error.ts';
import { ignoreRules, noRules, type IgnoreRules } from './context/ignore-rules.ts';
import { readDockerfile } from './dockerfile-stream.ts';

export interface BuildInput {
  readonly dockerfile: string;
  /** As messages name it. */
  readonly name: string;
  /** Undefined where the Dockerfile came alone, on standard input. */
  readonly context: string | undefined;
  readonly rules: IgnoreRules;
  /** Tells this build from others. */
  readonly site: readonly string[];
}

/** `file`: of `-f`. UserError `no-context`, `no-dockerfile`, `bad-pattern`, `unreadable-file`. */
export async function readBuildInput(
  context: string,
  { file, tags }: { readonly file: string | undefined; readonly tags: readonly string[] },
): Promise<BuildInput> {
  if (context === '-') {
    const dockerfile = await readDockerfile(process.stdin);
    return { dockerfile, name: '-', context: undefined, rules: noRules, site: ['-'] };
  }
  const directory = contextDirectory(context, tags);
  if (file === '-') {
    const dockerfile = await readDockerfile(process.stdin);
    return { dockerfile, name: '-', context: directory, rules: rulesOf(directory), site: [directory, '-'] };
  }
  const path = dockerfilePath(context, directory, file);
  const name = relative(process.cwd(), path);
  return {
    dockerfile: readGiven(path),
    name: name.startsWith('..') ? path : name,
    context: directory,
    rules: rulesOf(directory, path),
    site: [directory, path],
  };
}

function contextDirectory(context: string, tags: readonly string[]): string {
  if (/^(https?|git|ssh):\/\/|^git@|^github\.com\//i.test(context)) {
    throw new UserError('no-context', `${context} is no directory of this machine`, {
      hint: 'fetch it before the build (git clone, curl), and give its directory',
    });
  }
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(context);
  } catch (cause) {
    throw new UserError('no-context', `there is no directory ${context}`, {
      hint: `the last argument is the directory that COPY takes files from: strata build${tagText(tags)} .`,
      cause,
    });
  }
  if (stat.isDirectory()) return realpathSync(context);
  const name = basename(context) === 'Dockerfile' ? '' : ` -f ${context}`;
  throw new UserError('no-context', `the context ${context} is a file, not a directory`, {
    hint: `write strata build${name}${tagText(tags)} ${dirname(context)}`,
  });
}

/** `-t` as it was given, for corrected lines. */
export function tagText(tags: readonly string[]): string {
  return tags.map((name) => ` -t ${name}`).join('');
}

function dockerfilePath(context: string, directory: string, file: string | undefined): string {
  const candidates = file === undefined ? ['Dockerfile', 'dockerfile', 'Containerfile'] : [file];
  // A path of its own is taken as the shell sees it; for convenience, also as seen from the context.
  const places = file === undefined ? [directory] : [process.cwd(), directory];
  for (const place of places) {
    for (const name of candidates) {
      const path = name.startsWith('/') ? name : join(place, name);
      if (existsSync(path) && statSync(path).isFile()) return realpathSync(path);
    }
  }
  throw new UserError('no-dockerfile', `there is no ${file ?? 'Dockerfile'} in ${context}`, {
    hint:
      file === undefined
        ? 'write one there, or name it with -f FILE'
        : '-f takes the path of a file, or - for standard input',
  });
}

function readGiven(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('unreadable-file', `${path} cannot be read (${code})`, {
      hint: 'build as a user who may read it, or name another file with -f',
      cause,
    });
  }
}

/** Beside the Dockerfile and named like it, or in the context. */
function rulesOf(directory: string, dockerfile?: string): IgnoreRules {
  const own = dockerfile === undefined ? undefined : `${dockerfile}.dockerignore`;
  const path = own !== undefined && existsSync(own) ? own : join(directory, '.dockerignore');
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return noRules;
  // A FIFO would be waited for, and a device may never end.
  if (!found.isFile())
    throw new UserError('unreadable-file', `${path} is no file`, { hint: 'write one there, or remove it' });
  return ignoreRules(
    readGiven(path)
      .replace(/^\u{FEFF}/u, '')
      .split(/\r?\n/),
    path,
  );
}
