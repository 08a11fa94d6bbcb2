/**
 * `strata completion SHELL`: the script that makes a shell complete command lines of `strata`. `strata complete` is what
 * such a script asks. It opens nothing and takes no lock: it reads names as they are, and no data root is made by it.
 */
import { Argument, Command } from 'commander';
import { readContainers } from '../../run/container-book.ts';
import { Volumes } from '../../run/volumes.ts';
import { findDataRoot, type DataRoot } from '../../store/data-root.ts';
import { Repositories } from '../../store/repositories.ts';
import { completeWords, type Candidate, type Wanted } from '../complete-words.ts';
import { completionScripts } from '../completion-scripts.ts';
import { rootPath } from '../open-store.ts';
import { printLines } from '../print.ts';

const shells = Object.keys(completionScripts) as (keyof typeof completionScripts)[];

export function completionCommand(): Command {
  return new Command('completion')
    .description('print what makes a shell complete command lines of strata')
    .addArgument(new Argument('<shell>', 'which').choices(shells))
    .action((shell: keyof typeof completionScripts) => {
      process.stdout.write(completionScripts[shell]);
    });
}

export function completeCommand(): Command {
  return new Command('complete')
    .argument('[words...]')
    .action(async (words: string[], _: unknown, command: Command) => {
      const { words: found, wanted } = completeWords(command.parent ?? command, words);
      const root = await findDataRoot(rootPath(rootIn(words)));
      const names = root === undefined ? [] : await namesOf(root, wanted);
      const rest = wanted.includes('file') ? 'files' : wanted.includes('directory') ? 'directories' : 'words';
      printLines([rest, ...[...found, ...names].map(({ word, text }) => `${word}\t${text}`)]);
    });
}

/** The data root that an unfinished command line names, if it does. */
function rootIn(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => /^--root(=.|$)/.test(word));
  const word = words[at];
  return word === '--root' ? words[at + 1] : word?.slice('--root='.length);
}

async function namesOf(root: DataRoot, wanted: readonly Wanted[]): Promise<Candidate[]> {
  const found: Candidate[] = [];
  if (wanted.includes('container'))
    for (const { name, image } of (await readContainers({ containers: root.at('containers') })).containers)
      found.push({ word: name, text: `container of ${image.name}` });
  if (wanted.includes('image'))
    for (const { reference } of await new Repositories(root).list())
      found.push({ word: reference.replace(/:latest$/, ''), text: 'image' });
  if (wanted.includes('volume')) {
    const { volumes, damaged } = new Volumes(root.path).list();
    for (const name of [...volumes.map((facts) => facts.name), ...damaged.keys()])
      found.push({ word: name, text: 'volume' });
  }
  return found;
}
