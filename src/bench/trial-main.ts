/**
 * The program of a trial's process: reads its job from the command line, answers through the channel to its parent, and
 * ends. Whoever started it may be gone by then.
 */
import { loadCatalogue } from './catalogue.ts';
import type { Job } from './job.ts';
import { doJob } from './trial.ts';

const job = JSON.parse(process.argv[2] ?? '') as Job;
const answer = await doJob(await loadCatalogue(job.catalogue), job);
if (process.connected) {
  process.send?.(answer, () => {
    process.disconnect();
  });
}
