/**
 * Instructions of a Dockerfile without a build: what `commit --change` does to a configuration. Docker's choice of them,
 * those that need no files and no commands.
 */
import { UserError } from '../../base/user-error.ts';
import { parseInstruction } from '../dockerfile/parse-instruction.ts';
import { at } from '../dockerfile/place.ts';
import { splitInstructions } from '../dockerfile/split-instructions.ts';
import { configure, type ConfigInstruction } from './configure.ts';
import { findEnv, type ContainerConfig } from './container-config.ts';

const allowed = new Set(
  'cmd entrypoint env expose healthcheck label onbuild stopsignal user volume workdir'.split(' '),
);

const escape = '\\';

/**
 * What makes a changed copy of a configuration, by instructions in their order. UserError `unknown-instruction`,
 * `bad-instruction`; the answered function throws those of expansion.
 */
export function parseChanges(texts: readonly string[]): (config: ContainerConfig) => ContainerConfig {
  const instructions = texts
    .flatMap((text) => splitInstructions(text, '--change').instructions)
    .map((raw) => parseInstruction(raw, escape))
    .map((instruction) => {
      if (isAllowed(instruction)) return instruction;
      throw new UserError(
        'bad-instruction',
        `${instruction.kind.toUpperCase()} is not a valid change command`,
        { hint: `there are ${[...allowed].join(', ').toUpperCase()}` },
      );
    });
  return (before) => {
    const image = { config: structuredClone(before), ownCmd: false };
    const variables = { find: (name: string) => findEnv(image.config, name) };
    for (const instruction of instructions)
      at(instruction.place, () => configure(image, instruction, { escape, variables }));
    return image.config;
  };
}

function isAllowed(instruction: { readonly kind: string }): instruction is ConfigInstruction {
  return allowed.has(instruction.kind);
}
