/**
 * An open file of a client. It holds no descriptor: `data-files.ts` has those of the node.
 */
import type { HandleId, NodeId } from '../base/ids.ts';
import type { OpenFile } from '../vfs/file-system.ts';
import type { Node } from './node.ts';

export class OpenNode implements OpenFile {
  readonly id: HandleId;
  /** Another one once its node was renewed: see `relic.ts`. */
  node: Node;
  readonly writable: boolean;
  readonly writeOnly: boolean;
  readonly costly: boolean;

  constructor(id: HandleId, node: Node, how: Pick<OpenNode, 'writable' | 'writeOnly' | 'costly'>) {
    this.id = id;
    this.node = node;
    this.writable = how.writable;
    this.writeOnly = how.writeOnly;
    this.costly = how.costly;
  }

  get nodeId(): NodeId {
    return this.node.id;
  }

  get upper(): boolean {
    return this.node.upper !== undefined && !this.node.isMetacopy;
  }
}
