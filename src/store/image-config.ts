/**
 * The configuration of an image, as the OCI image specification has it (config.md). Its bytes are kept as they came,
 * since the image's id is their digest; this says only what in them is read.
 */
import * as v from 'valibot';
import { recordOf } from './record-schema.ts';

const digest = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/, 'it is no digest'));

const historySchema = v.looseObject({
  created: v.optional(v.string()),
  created_by: v.optional(v.string()),
  author: v.optional(v.string()),
  comment: v.optional(v.string()),
  empty_layer: v.optional(v.boolean()),
});

export const imageConfigSchema = v.looseObject({
  created: v.optional(v.string()),
  author: v.optional(v.string()),
  architecture: v.string(),
  os: v.string(),
  config: v.nullish(v.looseObject({ Labels: v.nullish(recordOf(v.string())) })),
  rootfs: v.object({ type: v.literal('layers'), diff_ids: v.array(digest) }),
  history: v.nullish(v.array(historySchema)),
});

export type ImageConfig = v.InferOutput<typeof imageConfigSchema>;
export type HistoryEntry = v.InferOutput<typeof historySchema>;

/** The instructions that made layers, from the bottom, one for each; undefined where the history does not tell. */
export function layerInstructions(config: ImageConfig): (HistoryEntry | undefined)[] {
  const made = (config.history ?? []).filter((entry) => entry.empty_layer !== true);
  return config.rootfs.diff_ids.map((_, index) => made[index]);
}
