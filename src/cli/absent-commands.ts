/**
 * Commands of Docker's that are not there: who types one is told what there is instead, by the line to write where that
 * follows from what was typed. They are hidden from help and completion.
 */
import { Command } from 'commander';
import { UserError } from '../base/user-error.ts';

interface Absent {
  readonly message: string;
  /** What to do, by what stood after the command. */
  readonly hint: (words: readonly string[]) => string;
}

const importing =
  'make an image of a tree or a tar: strata import TREE NAME; of an image of Docker: docker export $(docker create IMAGE) | strata import - NAME';

const registry = absent('registries are not there yet', () => importing);
const swarm = absent(
  'there is no swarm, containers run on this machine',
  () => 'strata run -d IMAGE runs one',
);

const commands: Readonly<Record<string, Absent>> = {
  ...{
    pull: registry,
    login: registry,
    logout: registry,
    search: registry,
    manifest: registry,
    trust: registry,
  },
  push: absent(
    'registries are not there yet',
    () => 'carry the tree of an image: strata export -o FILE IMAGE, and there strata import FILE IMAGE',
  ),
  save: absent(
    'archives of images are not there yet',
    (words) =>
      `to carry its tree, write: strata export -o ${fileOf(words, '-o', '--output')} ${lastOf(words)}`,
  ),
  load: absent('archives of images are not there yet', () => importing),
  service: absent('there is no swarm, containers run on this machine', serviceHint),
  ...{ swarm, stack: swarm, node: swarm, secret: swarm, config: swarm },
  compose: absent(
    'compose files are not read',
    () => 'run each service by itself: strata run -d --name SERVICE -v VOLUME:/PATH IMAGE',
  ),
  buildx: absent('there is one builder', (words) => `write: strata ${builderLine(words)}`),
  network: absent(
    'containers are in the network of this machine, or in none',
    () => 'write: strata run --network=host, or --network=none',
  ),
  plugin: absent(
    'there are no plugins',
    () =>
      'the volume driver is local: strata volume create --opt type=nfs --opt o=addr=HOST --opt device=:/PATH NAME',
  ),
  port: absent('ports are not published', () => 'what listens in a container listens on this machine'),
  update: absent('a container stays as it was made', () => 'remove it, and run it with other options'),
  events: absent(
    'there is no daemon to tell of events',
    () => 'strata ps -a shows what there is, strata wait waits',
  ),
  context: absent('there is one place, this machine', () => '--root DIR chooses another data root'),
};

/** Those that `container` and `image` have. */
const inContainer = ['port', 'update'] as const;
const inImage = ['pull', 'push', 'save', 'load'] as const;

export function addAbsentCommands(program: Command): void {
  add(program, Object.keys(commands));
  for (const group of program.commands) {
    if (group.name() === 'container') add(group, inContainer);
    if (group.name() === 'image') add(group, inImage);
  }
}

function add(parent: Command, names: readonly string[]): void {
  for (const name of names) {
    const command = new Command(name)
      .argument('[words...]')
      .allowUnknownOption()
      .helpOption(false)
      .action((words: string[]) => {
        const { message, hint } = commands[name] ?? registry;
        throw new UserError('not-there', `${name}: ${message}`, { hint: hint(words) });
      });
    parent.addCommand(command, { hidden: true });
  }
}

function absent(message: string, hint: Absent['hint']): Absent {
  return { message, hint };
}

function lastOf(words: readonly string[]): string {
  return words.at(-1) ?? 'NAME';
}

function fileOf(words: readonly string[], ...options: readonly string[]): string {
  const at = words.findIndex((word) => options.includes(word));
  return (at < 0 ? undefined : words[at + 1]) ?? 'FILE';
}

/** `service create ...` is `run -d ...` without what is for many. */
function serviceHint(words: readonly string[]): string {
  if (words[0] !== 'create') return 'strata ps lists containers, strata rm -f removes them';
  const line = words
    .slice(1)
    .join(' ')
    .replaceAll(/(^| )--(replicas|mode|constraint|update-\S+|restart-\S+)(=| )\S+/g, '')
    .replaceAll(/(^| )(-d|--detach)(?= |$)/g, '')
    .trim();
  return `write: strata run -d ${line}`;
}

function builderLine([first = '', ...rest]: readonly string[]): string {
  if (first === 'build' || first === 'b') return ['build', ...rest].join(' ');
  if (first === 'prune') return ['builder prune', ...rest].join(' ');
  if (first === 'du') return 'system df';
  return 'build CONTEXT';
}
