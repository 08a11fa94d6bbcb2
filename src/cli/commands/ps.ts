/** `strata ps`: which containers there are. */
import { Command } from 'commander';
import { listContainers } from '../../run/container-book.ts';
import { isActive, readStatus, type Container, type ContainerStatus } from '../../run/container.ts';
import { openEngine } from '../open-engine.ts';
import { printJson, printLines } from '../print.ts';
import { tableText } from '../table.ts';
import { ageText, sizeText } from '../units.ts';

interface Options {
  readonly all?: true;
  readonly quiet?: true;
  readonly json?: true;
  readonly trunc: boolean;
  readonly size?: true;
}

/** `name`: `ps`, or `ls` of the command `container`. */
export function psCommand(name: string): Command {
  return new Command(name)
    .description('list containers that run')
    .option('-a, --all', 'those that do not, too')
    .option('-q, --quiet', 'ids only')
    .option('--no-trunc', 'whole ids and commands')
    .option('-s, --size', 'how much each has written')
    .option('--json', 'as JSON')
    .action(async ({ all, quiet, json, trunc, size }: Options, command: Command) => {
      const { engine, layers } = await openEngine(command);
      const rows = [];
      for (const container of await listContainers(engine)) {
        const status = await readStatus(engine, container.id);
        if (all !== true && !isActive(status)) continue;
        const written = size === true ? await layers.size(container.id) : undefined;
        rows.push({ container, status, written });
      }
      if (json === true)
        printJson(
          rows.map(({ container, status, written }) => ({ ...container, state: status, size: written })),
        );
      else if (quiet === true)
        printLines(rows.map(({ container: { id } }) => (trunc ? id.slice(0, 12) : id)));
      else {
        const titles = [
          'CONTAINER ID',
          'IMAGE',
          'COMMAND',
          'CREATED',
          'STATUS',
          'NAMES',
          ...(size === true ? ['SIZE'] : []),
        ].map((title) => ({
          title,
        }));
        process.stdout.write(
          tableText(
            titles,
            rows.map(({ container, status, written }) => [
              ...cells(container, status, trunc),
              ...(written === undefined ? [] : [sizeText(written)]),
            ]),
          ),
        );
      }
    });
}

const commandLength = 20;

function cells(container: Container, status: ContainerStatus, trunc: boolean): string[] {
  const words = [...container.entrypoint, ...container.command].join(' ').replaceAll(/\s+/g, ' ');
  const cut = trunc && words.length > commandLength ? `${words.slice(0, commandLength - 1)}…` : words;
  return [
    trunc ? container.id.slice(0, 12) : container.id,
    container.image.name,
    `"${cut}"`,
    ageText(container.created),
    statusText(status),
    container.name,
  ];
}

function statusText(status: ContainerStatus): string {
  if (status.status === 'created') return 'Created';
  if (isActive(status)) {
    const up = `Up ${ageText(status.startedAt).replace(/ ago$/, '')}`;
    return status.status === 'paused' ? `${up} (Paused)` : up;
  }
  return `Exited (${String(status.exitCode)}) ${status.finishedAt === undefined ? '' : ageText(status.finishedAt)}`.trim();
}
