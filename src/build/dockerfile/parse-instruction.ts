/**
 * Makes a typed instruction of a split one: which flags it has, whether its arguments are words, pairs, a
 * list or a text. Errors name the place and what to write. Nothing is expanded here.
 */
import type { Escape } from './expand-word.ts';
import type { Instruction, Pair, StageInstruction } from './instruction.ts';
import { findNearest } from './nearest.ts';
import { findJsonList, parseCommand } from './parse-command.ts';
import { parseCopy } from './parse-copy.ts';
import { parseFrom } from './parse-from.ts';
import { parseHealthcheck } from './parse-healthcheck.ts';
import { parseRun } from './parse-run.ts';
import { errorAt } from './place.ts';
import type { RawInstruction } from './split-instructions.ts';
import { cutOnce, splitWords } from './words.ts';

type Parser = (raw: RawInstruction, escape: Escape) => Instruction;

const parsers: Readonly<Record<string, Parser>> = {
  FROM: parseFrom,
  ARG: parseArg,
  ENV: (raw, escape) => ({ kind: 'env', place: raw.place, pairs: parsePairs(raw, escape) }),
  LABEL: (raw, escape) => ({ kind: 'label', place: raw.place, pairs: parsePairs(raw, escape) }),
  RUN: parseRun,
  COPY: (raw, escape) => parseCopy('copy', raw, escape),
  ADD: (raw, escape) => parseCopy('add', raw, escape),
  WORKDIR: (raw) => parseText('workdir', raw),
  USER: (raw) => parseText('user', raw),
  STOPSIGNAL: (raw) => parseText('stopsignal', raw),
  EXPOSE: (raw) => parseText('expose', raw),
  MAINTAINER: (raw) => parseText('maintainer', raw),
  CMD: (raw) => ({ kind: 'cmd', place: raw.place, command: parseCommand(raw.text) }),
  ENTRYPOINT: (raw) => ({ kind: 'entrypoint', place: raw.place, command: parseCommand(raw.text) }),
  VOLUME: parseVolume,
  SHELL: parseShell,
  HEALTHCHECK: parseHealthcheck,
  ONBUILD: parseOnbuild,
};

/** Nothing is a command, too: the shell is asked to do it (BuildKit: parseShellDependentCommand in frontend/dockerfile/instructions). */
const mayBeEmpty: ReadonlySet<string> = new Set(['RUN', 'CMD', 'ENTRYPOINT']);

/** UserError `unknown-instruction`, `bad-instruction`, and those of flags. */
export function parseInstruction(raw: RawInstruction, escape: Escape): Instruction {
  const parse = parsers[raw.keyword];
  if (parse === undefined) throw unknownInstruction(raw);
  if (raw.text === '' && !mayBeEmpty.has(raw.keyword)) {
    throw errorAt(raw.place, { code: 'bad-instruction', message: `${raw.keyword} lacks its arguments` });
  }
  return parse(raw, escape);
}

function unknownInstruction({ keyword, place }: RawInstruction): Error {
  const near = findNearest(keyword, Object.keys(parsers));
  const isBuildCommand = keyword === 'DOCKER' || keyword === 'STRATA';
  return errorAt(place, {
    code: 'unknown-instruction',
    message: `there is no instruction ${keyword}`,
    hint: isBuildCommand
      ? 'this is a command for the shell, not a line of a Dockerfile'
      : near === undefined
        ? `there are ${Object.keys(parsers).join(', ')}; a command for the shell begins with RUN`
        : `write ${near}`,
  });
}

function parseText(
  kind: 'workdir' | 'user' | 'stopsignal' | 'expose' | 'maintainer',
  { place, text }: RawInstruction,
): StageInstruction {
  return { kind, place, text };
}

function parseArg({ place, text }: RawInstruction, escape: Escape): StageInstruction {
  const args = splitWords(text, escape).map((word) => {
    const [name, value] = cutOnce(word, '=') ?? [word, undefined];
    // Any name will do, so that what stands behind a # is more of them (BuildKit: parseArg in frontend/dockerfile/instructions).
    if (name !== '') return value === undefined ? { name } : { name, value };
    throw errorAt(place, {
      code: 'bad-instruction',
      message: `${word} lacks the name of a build argument`,
      hint: 'write ARG NAME or ARG NAME=VALUE',
    });
  });
  return { kind: 'arg', place, args };
}

/** `name=value name="a value"`, or the old form `name the rest of the line`. */
function parsePairs({ keyword, place, text }: RawInstruction, escape: Escape): Pair[] {
  const words = splitWords(text, escape);
  const [first = ''] = words;
  if (!first.includes('=')) {
    const value = text.slice(first.length).trim();
    if (words.length > 1) return [{ name: first, value }];
    throw errorAt(place, {
      code: 'bad-instruction',
      message: `${keyword} ${first} has no value`,
      hint: `write ${keyword} ${first}=VALUE`,
    });
  }
  return words.map((word) => {
    const pair = cutOnce(word, '=');
    if (pair !== undefined && pair[0] !== '') return { name: pair[0], value: pair[1] };
    throw errorAt(place, {
      code: 'bad-instruction',
      message: `"${word}" is no name=value`,
      hint: `quote a value with spaces: ${keyword} name="a value"`,
    });
  });
}

function parseVolume({ place, text }: RawInstruction): StageInstruction {
  const values = findJsonList(text) ?? text.split(/\s+/);
  if (values.length > 0 && values.every((value) => value !== '')) return { kind: 'volume', place, values };
  throw errorAt(place, { code: 'bad-instruction', message: 'a volume has an empty path' });
}

function parseShell({ place, text }: RawInstruction): StageInstruction {
  const values = findJsonList(text);
  if (values !== undefined && values.length > 0) return { kind: 'shell', place, values };
  throw errorAt(place, {
    code: 'bad-instruction',
    message: 'SHELL takes a JSON array of strings',
    hint: 'write SHELL ["/bin/bash", "-c"]',
  });
}

const noTriggers = new Set(['ONBUILD', 'FROM', 'MAINTAINER']);

function parseOnbuild({ place, text, heredocText }: RawInstruction, escape: Escape): StageInstruction {
  const [word = ''] = splitWords(text, escape);
  const keyword = word.toUpperCase();
  if (noTriggers.has(keyword)) {
    throw errorAt(place, { code: 'bad-instruction', message: `ONBUILD cannot keep ${keyword}` });
  }
  if (parsers[keyword] === undefined) {
    throw unknownInstruction({ keyword, place, text: '', heredocText: '', heredocs: [] });
  }
  const rest = text.slice(word.length).trim();
  return {
    kind: 'onbuild',
    place,
    trigger: `${keyword} ${rest}${heredocText === '' ? '' : `\n${heredocText}`}`,
  };
}
