/** `strata images`: what images there are. */
import { Command } from 'commander';
import { shortId } from '../../store/ids.ts';
import { listImages } from '../../store/image-list.ts';
import { parseReference } from '../../store/reference.ts';
import { openStore } from '../open-store.ts';
import { printJson, printLines } from '../print.ts';
import { tableText } from '../table.ts';
import { ageText, sizeText } from '../units.ts';

interface Options {
  readonly quiet?: true;
  readonly json?: true;
}

/** `name`: `images`, or `ls` of the command `image`. */
export function imagesCommand(name: string): Command {
  return new Command(name)
    .description('list images')
    .argument('[name]', 'those of this name alone: NAME[:TAG]')
    .option('-q, --quiet', 'ids only')
    .option('-a, --all', 'all, which are listed anyway')
    .option('--json', 'as JSON')
    .action(async (wanted: string | undefined, { quiet, json }: Options, command: Command) => {
      const rows = (await listImages(await openStore(command))).filter(({ reference }) =>
        isWanted(reference, wanted),
      );
      if (json === true) printJson(rows);
      else if (quiet === true) printLines([...new Set(rows.map(({ id }) => shortId(id)))]);
      else {
        const titles = ['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'].map((title) => ({ title }));
        const cells = rows.map(({ reference, id, created, size }) => [
          ...nameAndTag(reference),
          ...[shortId(id), ageText(created), sizeText(size)],
        ]);
        process.stdout.write(tableText(titles, cells));
      }
    });
}

function isWanted(reference: string | undefined, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (reference === undefined) return false;
  const [{ name, tag }, found] = [parseReference(wanted), parseReference(reference)];
  return found.name === name && (tag === undefined || found.tag === tag);
}

function nameAndTag(reference: string | undefined): [string, string] {
  if (reference === undefined) return ['<none>', '<none>'];
  const { name, tag } = parseReference(reference);
  return [name, tag ?? '<none>'];
}
