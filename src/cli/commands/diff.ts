/** `strata diff CONTAINER`: what a container has changed. `strata diff IMAGE IMAGE`: what differs between two images. */
import { Command } from 'commander';
import { getContainer } from '../../run/container-book.ts';
import { compareImages } from '../../store/compare-images.ts';
import { resolveImage } from '../../store/resolve-image.ts';
import { openEngine } from '../open-engine.ts';
import { printJson, printLines } from '../print.ts';

const letters = { added: 'A', modified: 'C', deleted: 'D' } as const;

export function diffCommand(): Command {
  return new Command('diff')
    .description(
      'what a container has changed, or what differs between two images: A added, C changed, D deleted',
    )
    .argument('<container-or-image>')
    .argument('[image]')
    .option('--json', 'as JSON')
    .action(
      async (from: string, to: string | undefined, { json }: { readonly json?: true }, command: Command) => {
        const differences = await (to === undefined ? changesOf(from, command) : compare(from, to, command));
        if (json === true) printJson(differences);
        else printLines(differences.map(({ kind, path }) => `${letters[kind]} /${path}`));
      },
    );
}

async function changesOf(name: string, command: Command) {
  const { engine, layers } = await openEngine(command);
  const { id } = await getContainer(engine, name);
  return layers.changes(id);
}

async function compare(from: string, to: string, command: Command) {
  const { store } = await openEngine(command);
  return store.lock.shared(async () =>
    compareImages(store, (await resolveImage(store, from)).image, (await resolveImage(store, to)).image),
  );
}
