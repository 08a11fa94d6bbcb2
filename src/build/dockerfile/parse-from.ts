/**
 * FROM: image, platform, and the stage's name.
 */
import type { Escape } from './expand-word.ts';
import { Flags } from './flags.ts';
import type { FromInstruction } from './instruction.ts';
import { errorAt } from './place.ts';
import type { RawInstruction } from './split-instructions.ts';

/** UserError `bad-instruction`, `bad-stage-name`. */
export function parseFrom({ place, text }: RawInstruction, escape: Escape): FromInstruction {
  const flags = new Flags(text, ['platform'], { place, escape });
  const [image = '', as, name, ...more] = flags.rest.split(/\s+/);
  if (
    image === '' ||
    more.length > 0 ||
    (as !== undefined && (as.toUpperCase() !== 'AS' || name === undefined))
  ) {
    throw errorAt(place, {
      code: 'bad-instruction',
      message: 'FROM takes one image, and a name for the stage',
      hint: 'write FROM IMAGE or FROM IMAGE AS NAME',
    });
  }
  const platform = flags.find('platform');
  return {
    kind: 'from',
    place,
    image,
    ...(platform === undefined ? {} : { platform }),
    ...(name === undefined ? {} : { name: stageName(name, place) }),
  };
}

function stageName(name: string, place: RawInstruction['place']): string {
  const lower = name.toLowerCase();
  if (/^[a-z][a-z0-9._-]*$/.test(lower)) return lower;
  throw errorAt(place, {
    code: 'bad-stage-name',
    message: `"${name}" cannot name a stage`,
    hint: 'begin with a letter, then letters, digits, - _ .',
  });
}
