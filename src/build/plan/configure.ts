/**
 * What each instruction that touches no file does to the configuration of an image. It answers the line of
 * the image's history, with what variables stood for.
 */
import { posix } from 'node:path';
import { UserError } from '../../base/user-error.ts';
import { signalNumber } from '../../run/signal-container.ts';
import { expandWord, expandWords, type ExpandOptions } from '../dockerfile/expand-word.ts';
import type {
  Command,
  CommandInstruction,
  Healthcheck,
  HealthcheckInstruction,
  ListInstruction,
  OnbuildInstruction,
  PairsInstruction,
  TextInstruction,
} from '../dockerfile/instruction.ts';
import { setEnv, shellOf, type ContainerConfig, type HealthConfig } from './container-config.ts';
import { portKeys } from './ports.ts';

/** Everything but ARG, RUN, COPY, ADD. WORKDIR makes a directory too, which is not done here. */
export type ConfigInstruction =
  | CommandInstruction
  | HealthcheckInstruction
  | ListInstruction
  | OnbuildInstruction
  | PairsInstruction
  | TextInstruction;

export interface Configured {
  readonly config: ContainerConfig;
  /** Whether this stage has a CMD of its own, which an ENTRYPOINT then leaves alone. */
  ownCmd: boolean;
  author?: string | undefined;
  /** Values of ARG that hide those of ENV, which an ENV of the same name ends. */
  readonly args?: Map<string, string>;
}

/** Changes `image`. UserError without a place: `bad-port`, `bad-signal`, and those of expansion. */
export function configure(image: Configured, instruction: ConfigInstruction, expand: ExpandOptions): string {
  const { config } = image;
  const word = (text: string) => expandWord(text, expand);
  switch (instruction.kind) {
    case 'env':
      return setPairs('ENV', instruction, word, (name, value) => {
        setEnv(config, name, value);
        image.args?.delete(name);
      });
    case 'label':
      return setPairs('LABEL', instruction, word, (name, value) => {
        config.Labels = { ...config.Labels, [name]: value };
      });
    case 'cmd':
      config.Cmd = argvOf(config, instruction.command);
      image.ownCmd = true;
      return `CMD ${JSON.stringify(config.Cmd)}`;
    case 'entrypoint':
      config.Entrypoint = argvOf(config, instruction.command);
      // The base image's arguments are another program's.
      if (!image.ownCmd) delete config.Cmd;
      return `ENTRYPOINT ${JSON.stringify(config.Entrypoint)}`;
    case 'shell':
      config.Shell = [...instruction.values];
      return `SHELL ${JSON.stringify(config.Shell)}`;
    case 'volume': {
      const paths = instruction.values.map(word);
      if (paths.includes('')) throw new UserError('blank-value', 'the path of a volume is empty here');
      for (const path of paths) config.Volumes = { ...config.Volumes, [path]: {} };
      return `VOLUME ${JSON.stringify(paths)}`;
    }
    case 'healthcheck':
      config.Healthcheck = healthConfig(config, instruction.check);
      return `HEALTHCHECK ${JSON.stringify(config.Healthcheck.Test)}`;
    case 'onbuild':
      config.OnBuild = [...(config.OnBuild ?? []), instruction.trigger];
      return `ONBUILD ${instruction.trigger}`;
    default:
      return setText(image, instruction, expand);
  }
}

function setText(image: Configured, { kind, text }: TextInstruction, expand: ExpandOptions): string {
  const { config } = image;
  if (kind === 'expose') {
    const ports = expandWords(text, expand).flatMap(portKeys);
    for (const port of ports) config.ExposedPorts = { ...config.ExposedPorts, [port]: {} };
    return `EXPOSE ${ports.join(' ')}`;
  }
  if (kind === 'maintainer') {
    image.author = text;
    return `MAINTAINER ${text}`;
  }
  const value = expandWord(text, expand);
  if (kind === 'workdir') {
    config.WorkingDir = posix.resolve(config.WorkingDir ?? '/', value);
    return `WORKDIR ${config.WorkingDir}`;
  }
  if (kind === 'user') {
    config.User = value;
    return `USER ${value}`;
  }
  // What is no signal is an error.
  signalNumber(value);
  config.StopSignal = value;
  return `STOPSIGNAL ${value}`;
}

function setPairs(
  keyword: string,
  { pairs }: PairsInstruction,
  word: (text: string) => string,
  set: (name: string, value: string) => void,
): string {
  // All are expanded before the first is set: each sees what was there before the instruction.
  const expanded = pairs.map(({ name, value }) => [word(name), word(value)] as const);
  for (const [name, value] of expanded) {
    if (name === '') throw new UserError('blank-value', `${keyword}: a name is empty here`);
    set(name, value);
  }
  return `${keyword} ${expanded.map(([name, value]) => `${name}=${value}`).join(' ')}`;
}

/** The words of a command; those of the shell form begin with the image's shell. */
export function argvOf(config: ContainerConfig, command: Command): string[] {
  if (command.form === 'exec') return [...command.argv];
  return [...shellOf(config), command.text];
}

function healthConfig(config: ContainerConfig, check: Healthcheck): HealthConfig {
  if (check.command === 'none') return { Test: ['NONE'] };
  const { command } = check;
  const test = command.form === 'exec' ? ['CMD', ...command.argv] : ['CMD-SHELL', command.text];
  // A shell of the image's own would not be known to who checks.
  const isOwnShell = command.form === 'shell' && config.Shell !== undefined;
  return {
    Test: isOwnShell ? ['CMD', ...shellOf(config), command.text] : test,
    ...(check.interval === 0 ? {} : { Interval: check.interval }),
    ...(check.timeout === 0 ? {} : { Timeout: check.timeout }),
    ...(check.startPeriod === 0 ? {} : { StartPeriod: check.startPeriod }),
    ...(check.startInterval === 0 ? {} : { StartInterval: check.startInterval }),
    ...(check.retries === 0 ? {} : { Retries: check.retries }),
  };
}
