/** `strata volume inspect`, with the field names of `docker volume inspect` where it has them. */
import type { VolumeFacts } from '../run/volume-driver.ts';

export function describeVolume(facts: VolumeFacts, users: readonly string[]): object {
  return {
    CreatedAt: facts.createdAt,
    Driver: facts.driver,
    Labels: facts.labels,
    Mountpoint: facts.mountpoint,
    Name: facts.name,
    Options: facts.options,
    Scope: 'local',
    UsedBy: users,
  };
}
