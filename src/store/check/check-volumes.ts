/**
 * Checks the files of volumes: what was asked when each was made. A damaged one hides its volume from whoever lists them, and
 * keeps it from being mounted.
 */
import { existsSync } from 'node:fs';
import { UserError } from '../../base/user-error.ts';
import { asBroken, findJson, namesIn } from '../durable.ts';
import type { Store } from '../store.ts';
import { volumeRecordSchema } from '../volume-record.ts';
import type { Finding } from './finding.ts';

export async function checkVolumes(store: Store): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of await namesIn(store.root.at('volumes'))) {
    if (!existsSync(store.root.at('volumes', name, '_data'))) continue;
    const path = store.root.at('volumes', name, 'opts.json');
    const record = await findJson(path, volumeRecordSchema).catch(asBroken);
    if (!(record instanceof UserError)) continue;
    findings.push({
      code: 'volume-file',
      path,
      message: `nobody knows what is to be mounted for it: without this file it is a volume of no options and no labels, strata volume rm ${name} removes it with its content`,
    });
  }
  return findings;
}
