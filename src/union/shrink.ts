/**
 * Truncation of large files. What gives back much space takes long, seconds for some gigabytes that are in memory, so the pool
 * does it ahead of the act, in which nothing is left to give back then.
 */
import type { Fd } from '../base/ids.ts';
import { asName } from '../base/name.ts';
import { blockBytes, givenBackAtOnce, st } from '../os/host-fs.ts';
import type { UnionCore } from './core.ts';
import { keepFacts, putBackFacts } from './kept-facts.ts';
import type { Node } from './node.ts';

const itself = asName('');

/** Undefined where little is given back. The file keeps its modification time. */
export function shrinkApart(core: UnionCore, node: Node, size: number): Promise<void> | undefined {
  if (!node.isRegular || node.upper === undefined || node.isMetacopy || node.sealed !== 0) return undefined;
  const fd = core.data.forWriting(node);
  if (node.appends) return undefined;
  core.fs.statx(fd, itself);
  const { stat } = core.fs;
  const given = Math.min((stat[st.blocks] ?? 0) * blockBytes, (stat[st.size] ?? 0) - size);
  if (given <= givenBackAtOnce) return undefined;
  return shrink(core, node, fd, size);
}

async function shrink(core: UnionCore, node: Node, fd: Fd, size: number): Promise<void> {
  core.data.pin(node);
  try {
    keepFacts(core, node, fd, true);
    try {
      await core.fs.ftruncateAsync(fd, size);
    } finally {
      putBackFacts(core, node, fd);
    }
  } finally {
    core.data.unpin(node);
  }
}
