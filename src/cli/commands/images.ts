/** `strata images`: what images there are. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { hasWildcard } from '../../build/context/path-pattern.ts';
import { shortId } from '../../store/ids.ts';
import { listImages, type ImageRow } from '../../store/image-list.ts';
import { parseReference } from '../../store/reference.ts';
import { tellFaults } from '../faults.ts';
import { Filters, matchesReference } from '../filters.ts';
import { unknownSize } from '../container-size.ts';
import { formatRows, notAvailable, type Fields, type Listing } from '../listing.ts';
import { openStore } from '../open-store.ts';
import { collect } from '../option-values.ts';
import { printJson, printLines } from '../print.ts';
import { ageText, sizeText, timeText } from '../units.ts';

interface Options {
  readonly quiet?: true;
  readonly json?: true;
  readonly trunc: boolean;
  readonly digests?: true;
  readonly filter?: readonly string[];
  readonly format?: string;
}

const filters = ['dangling', 'reference', 'label', 'before', 'since', 'until'];

/** `name`: `images`, or `ls` of the command `image`. */
export function imagesCommand(name: string): Command {
  return new Command(name)
    .description('list images')
    .argument('[name]', 'those of this name alone: NAME[:TAG], also with * and ?')
    .option('-q, --quiet', 'ids only')
    .option('-a, --all', 'all, which are listed anyway')
    .option('--no-trunc', 'whole ids')
    .option('--digests', 'with the digests of those that were named by one')
    .option('-f, --filter <name=value>', `${filters.join(', ')}; may be repeated`, collect)
    .option('--format <template>', 'a template of Go, in place of the table')
    .option('--json', 'as JSON')
    .action(async (wanted: string | undefined, options: Options, command: Command) => {
      const { rows: all, faults } = await listImages(await openStore(command));
      tellFaults(faults);
      const filter = imageFilter(all, new Filters(options.filter, filters));
      const rows = all.filter((row) => isWanted(row.reference, wanted) && filter(row));
      const idOf = ({ id }: ImageRow): string => (options.trunc ? shortId(id) : id);
      if (options.json === true) printJson(rows);
      else if (options.quiet === true) printLines([...new Set(rows.map(idOf))]);
      else {
        const fields = rows.map((row) => fieldsOf(row, idOf(row)));
        process.stdout.write(
          formatRows(fields, options.digests === true ? withDigests : listing, options.format),
        );
      }
    });
}

const titles = { Repository: 'REPOSITORY', Tag: 'TAG' };
const rest = { ID: 'IMAGE ID', CreatedSince: 'CREATED', Size: 'SIZE' };
const hidden = {
  CreatedAt: 'CREATED AT',
  ...{ Containers: 'CONTAINERS', SharedSize: 'SHARED SIZE', UniqueSize: 'UNIQUE SIZE', VirtualSize: 'SIZE' },
};
const listing: Listing = { titles: { ...titles, ...rest, Digest: 'DIGEST', ...hidden }, shown: 5 };
const withDigests: Listing = { titles: { ...titles, Digest: 'DIGEST', ...rest, ...hidden }, shown: 6 };

/** With Docker's names. */
function fieldsOf({ reference, created, size }: ImageRow, id: string): Fields {
  const [repository, tag, digest] = partsOf(reference);
  return {
    Repository: repository,
    Tag: tag,
    Digest: digest,
    ID: id,
    CreatedSince: ageText(created),
    CreatedAt: timeText(created),
    Size: size === undefined ? unknownSize : sizeText(size),
    ...{ Containers: notAvailable, SharedSize: notAvailable, UniqueSize: notAvailable },
    VirtualSize: size === undefined ? unknownSize : sizeText(size),
  };
}

function partsOf(reference: string | undefined): readonly [repository: string, tag: string, digest: string] {
  const { name, tag, digest } =
    reference === undefined ? { name: '<none>' } : { ...parseReference(reference) };
  return [name, tag ?? '<none>', digest ?? '<none>'];
}

function isWanted(reference: string | undefined, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (reference === undefined) return false;
  const found = parseReference(reference);
  if (hasWildcard(wanted)) return matchesReference(wanted, found.name, found.tag ?? '');
  const { name, tag } = parseReference(wanted);
  return found.name === name && (tag === undefined || found.tag === tag);
}

/** UserError `bad-filter`, `bad-pattern`, `no-such-image`. */
function imageFilter(all: readonly ImageRow[], given: Filters): (row: ImageRow) => boolean {
  const createdOf = (name: string): string => getRow(all, name).created ?? '';
  const [before, since] = [given.values('before').map(createdOf), given.values('since').map(createdOf)];
  return ({ reference, labels, created = '' }) => {
    const [name, tag] = partsOf(reference);
    return (
      given.boolean('dangling', reference === undefined) &&
      given.some('reference', (pattern) => reference !== undefined && matchesReference(pattern, name, tag)) &&
      given.labels(labels) &&
      given.until(created) &&
      before.every((time) => created < time) &&
      since.every((time) => created > time)
    );
  };
}

function getRow(all: readonly ImageRow[], name: string): ImageRow {
  const id = name.replace(/^sha256:/, '');
  const found =
    all.find(({ reference }) => reference === name || reference === `${name}:latest`) ??
    all.find((row) => /^[0-9a-f]+$/.test(id) && row.id.startsWith(`sha256:${id}`));
  if (found !== undefined) return found;
  throw new UserError('no-such-image', `there is no image ${name}`, {
    hint: 'strata images lists those that there are',
  });
}
