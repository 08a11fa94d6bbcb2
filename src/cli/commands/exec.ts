/** `strata exec CONTAINER COMMAND...`: one more process in a container that runs. */
import { Command } from 'commander';
import { getContainer } from '../../run/container-book.ts';
import { execInContainer } from '../../run/exec-container.ts';
import { addAbsentOptions } from '../absent-options.ts';
import { readEnv, refusingOptions } from '../container-options.ts';
import { openEngine } from '../open-engine.ts';
import { collect } from '../option-values.ts';
import { checkTerminal } from './run.ts';

interface Options {
  readonly detach?: true;
  readonly interactive?: true;
  readonly tty?: true;
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly privileged?: true;
  readonly workdir?: string;
  readonly user?: string;
}

export function execCommand(): Command {
  return refusingOptions(addAbsentOptions(new Command('exec')))
    .description('run a command in a container that runs; its exit status is that of the command')
    .argument('<container>')
    .argument('<command...>')
    .option('-d, --detach', 'let it run')
    .option('-i, --interactive', 'send it standard input')
    .option('-t, --tty', 'give it a terminal, also where there is none here; with -d one that nobody sees')
    .option('-e, --env <name=value>', 'a variable; without a value, that of this environment', collect)
    .option('--env-file <file>', 'a file with a variable on each line', collect)
    .option('-w, --workdir <dir>', 'the working directory in the container')
    .option('-u, --user <user>', 'USER[:GROUP], names of the container or numbers')
    .option('--privileged', 'all capabilities')
    .action(async (name: string, argv: string[], options: Options, command: Command) => {
      const { engine } = await openEngine(command);
      if (options.tty === true && options.interactive === true && options.detach !== true) checkTerminal();
      process.exitCode = await execInContainer(engine, await getContainer(engine, name), {
        argv,
        env: readEnv(options),
        workingDir: options.workdir,
        user: options.user,
        terminal: options.tty === true,
        openStdin: options.interactive === true,
        detached: options.detach === true,
        privileged: options.privileged === true,
      });
    });
}
