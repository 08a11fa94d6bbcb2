import t from 'tap';
import { UserError } from '../../src/base/user-error.ts';
import type { DoorOptions } from '../../src/cli/mount-spec.ts';
import { resolveDoor, type DoorFacts, type ResolvedDoor } from '../../src/cli/resolve-door.ts';

const root: DoorFacts = { privileged: true, coherence: 'strict', hasUpper: true, readOnly: false, acl: true };

const automatic: DoorOptions = {
  door: 'kernel',
  passthrough: 'auto',
  lowLatency: 'auto',
  writeback: true,
  maxWrite: undefined,
  timeoutSec: undefined,
};

function door(
  passthrough: DoorOptions['passthrough'],
  facts: Partial<DoorFacts> = {},
): ResolvedDoor | string {
  try {
    return resolveDoor({ ...automatic, passthrough }, { ...root, ...facts });
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown.code;
    throw thrown;
  }
}

t.test('passthrough where it can be had', async (t) => {
  t.match(door('auto'), { passthrough: true, passthroughRequired: false });
  t.match(door('off'), { passthrough: false });
  t.match(door('auto', { privileged: false }), { passthrough: false });
});

t.test('passthrough that is demanded and cannot be had', async (t) => {
  t.match(door('on'), { passthrough: true, passthroughRequired: true });
  t.equal(door('on', { privileged: false }), 'no-passthrough');
});

t.test('files of lower layers pass through where no open one can fall behind', async (t) => {
  t.match(door('auto'), { lowerFiles: 'cached' });
  t.match(
    door('auto', { readOnly: true }),
    { lowerFiles: 'cached' },
    'it can be mounted again to be written',
  );
  t.match(door('auto', { coherence: 'relaxed' }), { lowerFiles: 'renewed' });
  t.match(door('auto', { hasUpper: false, readOnly: true }), { lowerFiles: 'passed' });
  t.match(door('auto', { hasUpper: false, coherence: 'relaxed' }), { lowerFiles: 'passed' });
});

t.test('the write-back cache is wished whether or not data may pass through', async (t) => {
  t.match(door('auto'), { writeback: true }, 'a kernel before 6.9 has no passthrough');
  t.match(door('off'), { writeback: true });
  t.match(door('auto', { readOnly: true }), { writeback: false });
  t.match(resolveDoor({ ...automatic, writeback: false }, root), { writeback: false });
});
