/** Every workload, in the order of the report: a group's stand together. */
import type { Workload } from '../workload.ts';
import { archives } from './archive.ts';
import { bigFileWorkloads } from './big-file.ts';
import { footprints } from './footprint.ts';
import { databaseJobs } from './jobs/databases.ts';
import { gitJobs } from './jobs/git.ts';
import { programJobs } from './jobs/programs.ts';
import { lookups } from './lookup.ts';
import { lowerTreeWorkloads } from './lower-tree.ts';
import { manyFileWorkloads } from './many-files.ts';
import { reads } from './read.ts';
import { walks } from './walk.ts';
import { writes } from './write.ts';

export const workloads: readonly Workload[] = [
  ...walks,
  ...lookups,
  ...archives,
  ...reads,
  ...writes,
  ...manyFileWorkloads,
  ...lowerTreeWorkloads,
  ...bigFileWorkloads,
  ...programJobs,
  ...gitJobs,
  ...databaseJobs,
  ...footprints,
];
