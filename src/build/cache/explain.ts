/**
 * Why a step was not in the cache, in words: which of its inputs is another one than when the same place in the
 * Dockerfile was built last.
 */
import type { SiteRecord } from './step-cache.ts';
import type { StepIdentity } from './step-key.ts';

/** Differences beyond these are counted. */
const mostNamed = 5;

/** `before`: what is known of the last time; `key` and `text` of this time. */
export function explainMiss(
  before: SiteRecord | undefined,
  now: StepIdentity & { readonly key: string; readonly text: string },
): string {
  if (before === undefined) return 'it was not built before';
  if (before.key === now.key) return 'its layer is gone';
  const old = new Map(before.inputs);
  const differences = [
    ...[...now.inputs].flatMap(([name, value]) => {
      const was = old.get(name);
      if (was === value) return [];
      return [was === undefined ? `${name} is new` : changeText(name, was, value)];
    }),
    ...[...old.keys()].filter((name) => !now.inputs.has(name)).map((name) => `${name} is gone`),
  ];
  const isOtherText = before.text !== now.text;
  if (isOtherText) differences.unshift(`the instruction was "${before.text}"`);
  if (differences.length === 0) {
    return before.previous === now.previous
      ? 'the files that it begins with have changed'
      : 'a step before it has changed';
  }
  const more = differences.length - mostNamed;
  return [...differences.slice(0, mostNamed), ...(more > 0 ? [`${String(more)} more`] : [])].join(', ');
}

/** Values are told where they are short, and no digests. */
function changeText(name: string, was: string, is: string): string {
  const canShow = [was, is].every((value) => value.length <= 40 && !/[0-9a-f]{32}/.test(value));
  return canShow && !name.startsWith('file ') ? `${name} was "${was}" and is "${is}"` : `${name} has changed`;
}
