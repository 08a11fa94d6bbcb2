/** `strata build [OPTIONS] CONTEXT`: from a Dockerfile to an image. */
import { relative } from 'node:path';
import { Command, Option } from 'commander';
import { findVariable } from '../../base/environment.ts';
import { nameFromText } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { buildImage } from '../../build/build-image.ts';
import { readBuildInput, tagText, type BuildInput } from '../../build/build-input.ts';
import { SourceTree } from '../../build/context/source-tree.ts';
import { parseDockerfile } from '../../build/dockerfile/parse-dockerfile.ts';
import type { SecretSource } from '../../build/execute/build-request.ts';
import { removeIdFile, writeIdFile } from '../../build/id-file.ts';
import { parseAgents } from '../../build/plan/agents.ts';
import { BuildArgs } from '../../build/plan/build-args.ts';
import { checkPlatform, ownPlatform, platformArgs } from '../../build/plan/platform.ts';
import { withBuildStore } from '../../build/store-bench.ts';
import type { HostFs } from '../../os/host-fs.ts';
import { RuntimeStepRunner } from '../../run/step-runner.ts';
import { parseNewName } from '../../store/reference.ts';
import type { Store } from '../../store/store.ts';
import { createToolFs } from '../../store/tool-fs.ts';
import { addAbsentOptions } from '../absent-options.ts';
import { PlainProgress } from '../build-progress.ts';
import { interruptible } from '../interruption.ts';
import { openStore } from '../open-store.ts';
import { printLines } from '../print.ts';
import { QuietProgress } from '../quiet-progress.ts';

interface Options {
  readonly tag: readonly string[];
  readonly file?: string;
  readonly buildArg: readonly string[];
  readonly target?: string;
  readonly cache: boolean;
  readonly pull?: true;
  readonly label: readonly string[];
  readonly iidfile?: string;
  readonly secret: readonly string[];
  readonly ssh: readonly string[];
  readonly timestamp?: string;
  readonly network: 'default' | 'host' | 'none';
  readonly platform?: string;
  readonly quiet?: true;
  readonly explain?: true;
}

export function buildCommand(): Command {
  const several = (value: string, before: readonly string[]) => [...before, value];
  return (
    addAbsentOptions(new Command('build'))
      .description('make an image by a Dockerfile')
      .argument('[context]', 'the directory that COPY takes files from; - for a Dockerfile on standard input')
      .option('-t, --tag <name>', 'NAME[:TAG] of the image; may be repeated', several, [])
      .option('-f, --file <path>', 'the Dockerfile; - for standard input')
      .option(
        '--build-arg <name=value>',
        'value of an ARG; without =VALUE that of the environment',
        several,
        [],
      )
      .option('--target <stage>', 'the stage to build, by name or number; the last unless told')
      .option('--no-cache', 'do every step anew')
      .option('--pull', 'have the newest images; there is no registry yet, so those of the data root are')
      .option('--label <name=value>', 'a label of the image', several, [])
      .option('--iidfile <path>', 'write the id of the image there')
      .option(
        '--secret <id=ID,src=FILE>',
        'a secret for RUN --mount=type=secret; or id=ID,env=NAME; of ID alone the variable, or the file, of that name',
        several,
        [],
      )
      .option(
        '--ssh <id=socket>',
        'an agent of ssh for RUN --mount=type=ssh; of the id alone (default) that of SSH_AUTH_SOCK',
        several,
        [],
      )
      .option('--timestamp <seconds>', 'the time of everything that is made (SOURCE_DATE_EPOCH)')
      .addOption(
        new Option('--progress <kind>', 'how progress is shown').choices(['plain', 'auto']).default('auto'),
      )
      .addOption(
        new Option('--network <network>', 'of each RUN that names none: host (default), or none')
          .choices(['default', 'host', 'none'])
          .default('default', 'host'),
      )
      .option('--platform <platform>', 'that of this machine, as there is no other')
      .option('-q, --quiet', 'print nothing but the id, unless the build fails')
      // Of Docker: what is so anyway.
      .addOption(new Option('--rm').hideHelp())
      .addOption(new Option('--force-rm').hideHelp())
      .addOption(new Option('--load').hideHelp())
      .option('--explain', 'tell for each step that is not cached which input has changed')
      .action(async (context: string | undefined, options: Options, command: Command) => {
        printLines([await build(context, options, command)]);
      })
  );
}

async function build(context: string | undefined, options: Options, command: Command): Promise<string> {
  if (context === undefined) {
    throw new UserError('no-context', 'the context is missing', {
      hint: `write strata build${tagText(options.tag)} .`,
    });
  }
  if (options.iidfile !== undefined) removeIdFile(options.iidfile);
  // Before the work of minutes.
  for (const name of options.tag) parseNewName(name);
  const input = await readBuildInput(context, { file: options.file, tags: options.tag });
  const dockerfile = parseDockerfile(input.dockerfile, input.name);
  const platform = ownPlatform();
  const given = pairs(options.buildArg, '--build-arg', findVariable);
  const args = new BuildArgs(given, platformArgs(platform, options.target ?? ''));
  const agents = parseAgents(options.ssh, process.env.SSH_AUTH_SOCK);
  const timestamp = timestampOf(
    options.timestamp ?? given.get('SOURCE_DATE_EPOCH') ?? process.env.SOURCE_DATE_EPOCH,
  );
  if (options.platform !== undefined) checkPlatform(options.platform, platform);
  const progress = {
    explain: options.explain === true,
    write: (text: string | Uint8Array) => process.stderr.write(text),
  };
  const quiet = options.quiet === true ? new QuietProgress(progress) : undefined;
  const reporter = quiet ?? new PlainProgress(progress);
  if (options.pull === true)
    reporter.warn('--pull changes nothing: images come from the data root, there is no registry to ask');
  const store = await openStore(command);
  const fs = createToolFs();
  const tree = openContext(fs, store, input);
  const interruption = interruptible('the build');
  try {
    const id = await withBuildStore(store, fs, (buildStore) =>
      buildImage(
        {
          ...{ fs, store: buildStore, reporter, signal: interruption.signal },
          runner: new RuntimeStepRunner(store.run.path),
        },
        {
          ...{ dockerfile, context: tree, args, platform, timestamp, site: input.site },
          target: options.target,
          noCache: !options.cache,
          labels: pairs(options.label, '--label', () => ''),
          names: options.tag,
          secrets: new Map(options.secret.map(parseSecret)),
          agents,
          network: options.network,
        },
      ),
    );
    if (options.iidfile !== undefined) writeIdFile(options.iidfile, id);
    return id;
  } catch (thrown) {
    quiet?.tell();
    throw thrown;
  } finally {
    interruption.end();
    tree?.close();
  }
}

/** Without what we write ourselves meanwhile, where that lies in it. */
function openContext(fs: HostFs, store: Store, { context, rules }: BuildInput): SourceTree | undefined {
  if (context === undefined) return undefined;
  const without = [store.root.path, store.run.path]
    .map((path) => relative(context, path))
    .filter((path) => !/^\.\.(\/|$)/.test(path))
    .map((path) => nameFromText(path));
  return new SourceTree(fs, context, { rules, without });
}

/** `NAME=VALUE`; `alone` says what NAME without a value means, undefined to leave it out. */
function pairs(
  words: readonly string[],
  option: string,
  alone: (name: string) => string | undefined,
): Map<string, string> {
  const found = new Map<string, string>();
  for (const word of words) {
    const index = word.indexOf('=');
    const name = index < 0 ? word : word.slice(0, index);
    if (name === '') {
      throw new UserError('bad-option', `${option} ${word} has no name`, {
        hint: `write ${option} NAME=VALUE`,
      });
    }
    const value = index < 0 ? alone(name) : word.slice(index + 1);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

/** With the id alone: the variable of that name, or the file, as buildx takes them. */
function parseSecret(text: string): [id: string, source: SecretSource] {
  const fields = pairs(text.split(','), '--secret', () => undefined);
  const id = fields.get('id');
  const file = fields.get('src') ?? fields.get('source');
  const variable = fields.get('env');
  if (id === undefined) {
    throw new UserError('bad-option', `--secret ${text} lacks its id`, {
      hint: 'write --secret id=ID,src=FILE',
    });
  }
  if (file !== undefined) return [id, { file }];
  if (variable !== undefined) return [id, { variable }];
  return [id, findVariable(id) === undefined ? { file: id } : { variable: id }];
}

function timestampOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new UserError('bad-option', `--timestamp ${text} is no number of seconds since 1970`, {
    hint: 'write --timestamp 0, or --timestamp $(git log -1 --format=%ct)',
  });
}
