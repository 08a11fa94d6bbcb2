/**
 * COPY and ADD: flags, sources, files that stand in the Dockerfile, destination.
 */
import type { Escape } from './expand-word.ts';
import { Flags } from './flags.ts';
import { findOperator } from './heredoc.ts';
import type { CopyInstruction } from './instruction.ts';
import { findJsonList } from './parse-command.ts';
import { errorAt } from './place.ts';
import type { RawInstruction } from './split-instructions.ts';

const flagsOf = {
  copy: ['from', 'chown', 'chmod', 'link', 'parents', 'exclude'],
  // There is no repository of which --keep-git-dir could keep anything.
  add: ['chown', 'chmod', 'link', 'checksum', 'exclude', 'unpack', 'keep-git-dir'],
} as const;

/** UserError `bad-instruction`, and those of flags. */
export function parseCopy(kind: 'copy' | 'add', raw: RawInstruction, escape: Escape): CopyInstruction {
  const { place, keyword, heredocs } = raw;
  const flags = new Flags(raw.text, flagsOf[kind], { place, escape });
  const words = findJsonList(flags.rest) ?? flags.rest.split(/\s+/);
  const destination = words.pop();
  const isOperator = (word: string) => heredocs.length > 0 && findOperator(word) !== undefined;
  const sources = words.filter((word) => !isOperator(word));
  if (destination === undefined || sources.length + heredocs.length === 0) {
    throw errorAt(place, {
      code: 'bad-instruction',
      message: `${keyword} takes at least one source and a destination`,
      hint: `write ${keyword} SOURCE... DESTINATION`,
    });
  }
  const optional = <Name extends string>(name: Name, value = flags.find(name)) =>
    (value === undefined ? {} : { [name]: value }) as Partial<Record<Name, string>>;
  return {
    kind,
    place,
    sources,
    inline: heredocs,
    destination,
    ...optional('from'),
    ...optional('chown'),
    ...optional('chmod'),
    ...optional('checksum'),
    ...(flags.has('unpack') ? { unpack: flags.isSet('unpack') } : {}),
    link: flags.isSet('link'),
    parents: flags.isSet('parents'),
    exclude: flags.all('exclude'),
  };
}
