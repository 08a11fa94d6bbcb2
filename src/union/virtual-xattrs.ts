/**
 * Attributes that exist for whoever asks by name: where the content of a file comes from
 * (`user.strata.layer`, `.path`, `.state`; `trusted.strata.*` is the same and works on every type), and on
 * the root of the mount what the union did (`.stats`, JSON). They are not listed, so that no copy
 * of a tree takes them along.
 */
import { rootNodeId } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import type { UnionCore } from './core.ts';
import type { CounterValues } from './counters.ts';
import type { Node } from './node.ts';

const prefixes = ['user.strata.', 'trusted.strata.'] as const;

export function isVirtual(name: Name): boolean {
  return prefixes.some((prefix) => name.startsWith(prefix));
}

/** undefined for one that does not exist (ENODATA). */
export function readVirtual(core: UnionCore, node: Node, name: Name): Buffer | undefined {
  const value = virtualValue(core, node, name.slice(name.indexOf('.strata.') + '.strata.'.length));
  return value === undefined ? undefined : Buffer.from(value, 'latin1');
}

function virtualValue(core: UnionCore, node: Node, key: string): string | undefined {
  const content = node.data ?? node.place;
  switch (key) {
    case 'layer':
      return content.layer.path;
    case 'path':
      return content.fd >= 0 && content.dir === undefined && node.id !== rootNodeId
        ? undefined
        : realPath(content.layer.path, content.path());
    case 'state':
      return stateOf(node);
    case 'stats':
      return node.id === rootNodeId ? JSON.stringify(statsOf(core)) : undefined;
    default:
      return undefined;
  }
}

function realPath(layer: string, path: string): string {
  if (path === '/') return layer;
  return layer.endsWith('/') ? layer + path.slice(1) : layer + path;
}

/** lower, upper, copied-up, metacopy, merged, opaque. */
function stateOf(node: Node): string {
  const { dir } = node;
  if (dir !== undefined) {
    if (dir.upper === undefined) return dir.lowers.length > 1 ? 'merged' : 'lower';
    if (dir.lowers.length > 0) return 'merged';
    return dir.opaque ? 'opaque' : 'upper';
  }
  if (node.upper === undefined) return 'lower';
  if (node.isMetacopy) return 'metacopy';
  return node.copied ? 'copied-up' : 'upper';
}

/** What `stats()` answers, and more keys may come. */
export interface UnionStats extends CounterValues {
  readonly nodes: number;
  readonly openFiles: number;
  /** Requests of the kernel, by opcode. */
  readonly requests: Readonly<Record<string, number>>;
}

function statsOf(core: UnionCore): UnionStats {
  const { nodes, handles, counters } = core;
  // First: the door closes what it has open for nobody.
  const requests = core.requests();
  return { nodes: nodes.size, openFiles: handles.size, ...counters.snapshot(), requests };
}
