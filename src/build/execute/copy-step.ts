/**
 * COPY and ADD as steps: where the files come from, whose they become, where they go.
 */
import { posix } from 'node:path';
import { UserError } from '../../base/user-error.ts';
import { InRoot, rootOwner } from '../../os/in-root.ts';
import { ignoreRules, noRules } from '../context/ignore-rules.ts';
import { expandWord } from '../dockerfile/expand-word.ts';
import type { CopyInstruction } from '../dockerfile/instruction.ts';
import { sourceOf, type Stage } from '../plan/stages.ts';
import { isUrl, refuseGit } from './additions.ts';
import type { BuildSession } from './build-request.ts';
import { copyFiles, findFileAsDirectoryWarning, severalSources } from './copy-files.ts';
import { contextPart, findChangeIn, inlinePart, layerPart, urlPart, type CopyPart } from './copy-parts.ts';
import { parseMode } from './modes.ts';
import { lookUpOwner } from './owners.ts';
import { getChain } from './source-chain.ts';
import type { StageState } from './stage-state.ts';
import type { Step } from './step.ts';

export interface StepPlace {
  readonly stage: Stage;
  readonly state: StageState;
}

/** UserError without a place. */
export async function copyStep(
  session: BuildSession,
  { stage, state }: StepPlace,
  instruction: CopyInstruction,
): Promise<Step> {
  const { escape } = session.request.dockerfile;
  const expand = (word: string) => state.expand(word, escape);
  const sources = instruction.sources.map(expand);
  const destination = absolute(state, expand(instruction.destination));
  // What is empty then is not given.
  const [chown, chmod, checksum] = [instruction.chown, instruction.chmod, instruction.checksum].map(
    (word) => {
      const value = word === undefined ? '' : expand(word);
      return value === '' ? undefined : value;
    },
  );
  const mode = chmod === undefined ? undefined : parseMode(chmod);
  const exclude = instruction.exclude.length === 0 ? noRules : ignoreRules(instruction.exclude, '--exclude');
  if (sources.length + instruction.inline.length > 1 && !/(^|\/)\.?$/.test(destination))
    throw severalSources(destination);
  const parts = await partsOf(session, { stage, state }, instruction, {
    ...{ sources, destination, exclude, checksum },
  });
  const { fs, store, reporter, signal } = session;
  const act = async (root: string): Promise<void> => {
    const target = new InRoot(root);
    try {
      // Of a step that works beside the image, the accounts are still the image's.
      const given =
        chown === undefined
          ? undefined
          : instruction.link
            ? await store.show(state.chain, (base) => Promise.resolve(ownerIn(base, chown)))
            : lookUpOwner(target, chown);
      for (const part of parts) {
        await part.open(async (found, owners) => {
          const owner = given ?? (owners === 'kept' ? undefined : rootOwner);
          // What an archive holds is all unpacked, with its own modes (BuildKit: unpack in llbsolver/file).
          const isUnpacked = found.some(({ archive }) => archive !== undefined);
          const request = {
            ...{ sources: found, destination, signal },
            attributes: { owner, mode: isUnpacked ? undefined : mode },
            exclude: isUnpacked ? noRules : exclude,
          };
          const warning = instruction.link ? undefined : findFileAsDirectoryWarning(target, request);
          if (warning !== undefined) reporter.warn(warning);
          await copyFiles(fs, target, request);
        });
        for (const seen of part.seen) await seen.checkCopy(signal);
      }
    } finally {
      target.close();
    }
  };
  const keyword = instruction.kind.toUpperCase();
  const inputs = new Map([
    ...inputsOf(parts),
    ['destination', destination],
    ...(chown === undefined ? [] : [['--chown', chown] as const]),
    ...(chmod === undefined ? [] : [['--chmod', chmod] as const]),
    // Of a file that is a source by itself, nothing else in the key tells whether it is left out.
    ...(exclude.lines.length === 0 ? [] : [['--exclude', JSON.stringify(exclude.lines)] as const]),
    ['--link', String(instruction.link)],
    ...(instruction.unpack === undefined ? [] : [['--unpack', String(instruction.unpack)] as const]),
  ]);
  const createdBy = `${keyword} ${[...sources, ...instruction.inline.map(({ name }) => `<<${name}`), destination].join(' ')}`;
  const findChange = () => findChangeIn(parts);
  return { keyword, inputs, createdBy, change: { detached: instruction.link }, act, findChange };
}

/** What all parts are made of. What several sources bring goes to several places, so it counts once for each. */
function inputsOf(parts: readonly CopyPart[]): Map<string, string> {
  const inputs = new Map<string, string>();
  for (const [index, part] of parts.entries()) {
    for (const [name, value] of part.inputs) {
      const before = inputs.get(name);
      inputs.set(name, `${before === undefined ? '' : `${before}, `}${String(index)} ${value}`);
    }
  }
  return inputs;
}

function ownerIn(root: string, chown: string) {
  const tree = new InRoot(root);
  try {
    return lookUpOwner(tree, chown);
  } finally {
    tree.close();
  }
}

/** Slashes at the end stay: they say that it is a directory, as does an empty text. */
function absolute(state: StageState, destination: string): string {
  const path = posix.resolve(state.config.WorkingDir ?? '/', destination);
  return /(^|\/)\.{0,2}$/.test(destination) && path !== '/' ? `${path}/` : path;
}

async function partsOf(
  session: BuildSession,
  { stage, state }: StepPlace,
  instruction: CopyInstruction,
  {
    sources,
    destination,
    exclude,
    checksum,
  }: {
    sources: readonly string[];
    destination: string;
    exclude: typeof noRules;
    checksum: string | undefined;
  },
): Promise<CopyPart[]> {
  const { from, kind, parents, place, unpack } = instruction;
  checkChecksum(instruction.checksum, checksum, sources);
  const chain =
    from === undefined
      ? undefined
      : await getChain(session, sourceOf(from, stage.index, session.stages, place));
  const parts: CopyPart[] = [];
  for (const source of sources) {
    const options = { source, exclude, parents, unpacks: unpack ?? kind === 'add' };
    if (kind === 'add') refuseGit(source);
    if (from !== undefined) parts.push(await layerPart(session, chain, options));
    else if (isUrl(source))
      parts.push(
        await fetchedPart(session, source, { kind, checksum, destination, unpacks: unpack ?? false }),
      );
    else parts.push(await contextPart(session, options));
  }
  for (const heredoc of instruction.inline) {
    // The backslash, whatever `# escape=` says (BuildKit: dispatch in dockerfile2llb).
    const content = heredoc.expand
      ? expandWord(heredoc.content, { ...state.expansion('\\'), keepQuotes: true })
      : heredoc.content;
    parts.push(inlinePart(session, heredoc, content));
  }
  return parts;
}

function fetchedPart(
  session: BuildSession,
  source: string,
  options: {
    readonly kind: 'copy' | 'add';
    readonly checksum: string | undefined;
    readonly destination: string;
    readonly unpacks: boolean;
  },
): Promise<CopyPart> {
  const { kind, checksum, destination, unpacks } = options;
  if (kind === 'copy') {
    throw new UserError('no-source', `COPY fetches nothing`, { hint: `write ADD ${source} ${destination}` });
  }
  return urlPart(session, source, { checksum, unpacks, isDirectory: destination.endsWith('/') });
}

/** `written`: with its variables. UserError `bad-checksum`. */
function checkChecksum(
  written: string | undefined,
  checksum: string | undefined,
  sources: readonly string[],
): void {
  if (checksum === undefined) return;
  if (!/^sha256:[0-9a-f]{64}$/.test(checksum)) {
    throw new UserError('bad-checksum', `--checksum=${written ?? ''} is no digest`, {
      hint: 'write --checksum=sha256: and 64 hexadecimal digits',
    });
  }
  if (sources.length === 1 && sources.every(isUrl)) return;
  throw new UserError('bad-checksum', '--checksum is for one URL', { hint: 'write an ADD for each URL' });
}
