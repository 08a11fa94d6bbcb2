/**
 * RUN as a step: the command and its surroundings. Proxies are given to it and are no part of its key; neither are
 * the contents of secrets and caches, nor agents of ssh.
 */
import { UserError } from '../../base/user-error.ts';
import type { RunInstruction } from '../dockerfile/instruction.ts';
import { argvOf } from '../plan/configure.ts';
import { shellOf } from '../plan/container-config.ts';
import { parseRunMounts } from '../plan/run-mounts.ts';
import type { BuildSession } from './build-request.ts';
import { findChangeIn } from './copy-parts.ts';
import type { StepPlace } from './copy-step.ts';
import { findAgentVariable, mountInputs, mountStubs, resolveMounts, withRunMounts } from './mount-sources.ts';
import type { StageState } from './stage-state.ts';
import type { Step } from './step.ts';
import type { StepCommand, StepMount, StepRunner } from '../../run/step.ts';

/** `onOutput`: what the command prints. UserError without a place. */
export async function runStep(
  session: BuildSession,
  place: StepPlace,
  instruction: RunInstruction,
  onOutput: (chunk: Buffer) => void,
): Promise<Step> {
  const { state } = place;
  const { escape } = session.request.dockerfile;
  const cwd = state.config.WorkingDir ?? '/';
  const asked = parseRunMounts(instruction.mounts, (word) => state.expand(word, escape), cwd);
  const mounts = await resolveMounts(session, place, asked, instruction.place);
  const argv = commandOf(state, instruction);
  if (argv.length === 0) throw new UserError('bad-instruction', 'RUN has no command');
  const env = state.environment();
  const user = state.config.User ?? '';
  const network = instruction.network === 'default' ? session.request.network : instruction.network;
  const inputs = new Map<string, string>([
    ['command', JSON.stringify(argv)],
    ...(instruction.script === undefined ? [] : [['script', instruction.script.content] as const]),
    ...env.map((entry) => nameAndValue(entry)),
    ['USER', user],
    ['WORKDIR', cwd],
    ['--network', network],
    ...mountInputs(mounts),
  ]);
  const proxies = session.request.args.proxies().map(([name, value]) => `${name}=${value}`);
  const agent = findAgentVariable(session.request, env, asked);
  const act = (root: string): Promise<void> =>
    withRunMounts(session, mounts, async (prepared) => {
      const status = await runCommand(session.runner, {
        ...{ root, argv, cwd, user, onOutput, network, signal: session.signal },
        env: [...env, ...proxies, ...agent, ...prepared.env],
        mounts: [...prepared.mounts, ...scriptMount(instruction)],
      });
      if (status === 0) return;
      throw new UserError('run-failed', `the command ended with status ${String(status)}`, {
        hint: 'its output is above; the steps before it are kept',
        exitCode: status,
      });
    });
  const findChange = () => findChangeIn(mounts.flatMap(({ part }) => part ?? []));
  const stubs = [...session.runner.mountPoints, ...mountStubs(session, mounts)];
  return { keyword: 'RUN', inputs, createdBy: `RUN ${argv.join(' ')}`, change: { stubs }, act, findChange };
}

/** The same as the runner's, with what a Dockerfile must say instead. */
async function runCommand(runner: StepRunner, command: StepCommand): Promise<number> {
  try {
    return await runner.run(command);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'command-not-found') throw error;
    const [program = ''] = command.argv;
    throw new UserError(error.code, `there is no program ${program} in the image`, {
      hint:
        program === '/bin/sh'
          ? 'the image has no shell: write RUN ["PROGRAM", "ARGUMENT"]'
          : 'look at its name and at PATH',
      exitCode: error.exitCode,
      cause: error,
    });
  }
}

/** Where a script with an interpreter of its own lies in the container; /dev is the container's own. */
const scriptPath = '/dev/strata-script';

function hasInterpreter({ script }: RunInstruction): boolean {
  return script?.content.startsWith('#!') === true;
}

function commandOf({ config }: StageState, instruction: RunInstruction): string[] {
  if (hasInterpreter(instruction)) return [scriptPath];
  return instruction.script === undefined
    ? argvOf(config, instruction.command)
    : [...shellOf(config), instruction.script.content];
}

function scriptMount(instruction: RunInstruction): StepMount[] {
  if (!hasInterpreter(instruction)) return [];
  const content = instruction.script?.content ?? '';
  return [{ type: 'file', content, target: scriptPath, mode: 0o755, uid: 0, gid: 0 }];
}

function nameAndValue(entry: string): [string, string] {
  const index = entry.indexOf('=');
  return [`env ${entry.slice(0, index)}`, entry.slice(index + 1)];
}
