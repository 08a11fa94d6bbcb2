/**
 * Checks the files of containers: what was asked, and the last run. A damaged one hides its container from whoever lists them,
 * and keeps volumes and images that it may have.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../../base/user-error.ts';
import { asBroken, findJson, namesIn } from '../durable.ts';
import type { Store } from '../store.ts';
import { findMaker } from './check-mounts.ts';
import type { Finding } from './finding.ts';

/** What every command relies on. */
const containerSchema = v.looseObject({
  id: v.string(),
  name: v.string(),
  image: v.looseObject({ id: v.string() }),
  mounts: v.optional(v.array(v.looseObject({ type: v.string(), source: v.optional(v.string()) }))),
});
const runSchema = v.looseObject({ run: v.string(), startedAt: v.string(), runtime: v.string() });

export async function checkContainers(store: Store): Promise<Finding[]> {
  const findings: Finding[] = [];
  const directory = store.root.at('containers');
  for (const id of await namesIn(directory)) {
    if (!/^[0-9a-f]{64}$/.test(id)) continue;
    const [definition, run] = ['container.json', 'run.json'].map((name) => join(directory, id, name)) as [
      string,
      string,
    ];
    const container = await findJson(definition, containerSchema).catch(asBroken);
    const isLost = container === undefined && findMaker(store, id) === undefined;
    if (container instanceof UserError || isLost)
      findings.push({
        code: 'container-file',
        path: definition,
        message: `nobody knows what was asked of it: strata rm ${id.slice(0, 12)} removes the container`,
      });
    else findings.push(...findLostVolumes(store, id, container?.mounts ?? []));
    const layers = store.root.layerDb('mounts', id);
    if (existsSync(definition) && !existsSync(layers))
      findings.push({
        code: 'container-layers',
        path: layers,
        message: `nobody knows which layers it has: nothing is collected until strata rm ${id.slice(0, 12)}`,
      });
    if (!((await findJson(run, runSchema).catch(asBroken)) instanceof UserError)) continue;
    const isRunning = existsSync(join(store.run.path, 'bundles', id));
    findings.push({
      code: 'container-run',
      path: run,
      message: isRunning
        ? 'nobody knows of its last run, which has not ended'
        : 'nobody knows how its last run ended',
      mend: isRunning ? undefined : () => rm(run, { force: true }),
    });
  }
  return findings;
}

function findLostVolumes(
  store: Store,
  id: string,
  mounts: readonly { readonly type: string; readonly source?: string | undefined }[],
): Finding[] {
  const findings: Finding[] = [];
  for (const { type, source } of mounts) {
    if (type !== 'volume' || source === undefined) continue;
    const path = store.root.at('volumes', source, '_data');
    if (existsSync(path)) continue;
    const message = `container ${id.slice(0, 12)} has this volume, which is gone: strata volume create ${source} makes an empty one`;
    findings.push({ code: 'container-volume', path, message });
  }
  return findings;
}
