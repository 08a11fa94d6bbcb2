/** `opts.json` of a volume: Docker's fields, and what we write beside them. Docker writes none for a volume without options. */
import * as v from 'valibot';

export const volumeRecordSchema = v.looseObject({
  MountType: v.optional(v.string()),
  MountOpts: v.optional(v.string()),
  MountDevice: v.optional(v.string()),
  Labels: v.optional(v.record(v.string(), v.string())),
  CreatedAt: v.optional(v.string()),
});

export type VolumeRecord = v.InferOutput<typeof volumeRecordSchema>;
