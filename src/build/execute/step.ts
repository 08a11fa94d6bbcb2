/**
 * A step that may change files, in one shape for RUN, COPY, ADD and WORKDIR: what its key is made of, and what is to
 * be done where the cache has nothing for it.
 */
import type { Name } from '../../base/name.ts';
import type { ChangeRequest } from '../build-store.ts';
import type { StepInputs } from '../cache/step-key.ts';

export interface Step {
  readonly keyword: string;
  readonly inputs: StepInputs;
  /** For the image's history. */
  readonly createdBy: string;
  readonly change: Pick<ChangeRequest, 'stubs' | 'detached'>;
  /** Does it in a mounted tree. UserError. */
  act(root: string): Promise<void>;
  /** After `act`: the path of a file that was not what `inputs` say when it was used. */
  findChange?(): Name | undefined;
}
