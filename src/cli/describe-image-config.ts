/**
 * `Config` of `strata image inspect`: what the image says of its containers, with all fields that `docker image inspect` has of
 * that, also those of which the image says nothing.
 */
import { listOrNil, mapOrNil } from '../run/nil.ts';
import { omitEmpty } from '../run/omit-empty.ts';
import type { ImageConfig } from '../store/image-config.ts';

/** What else the image has comes along as it is. */
export function describeImageConfig(config: ImageConfig['config']): object {
  const given: Readonly<Record<string, unknown>> = config ?? {};
  const list = (name: string): readonly unknown[] => listOrNil(given[name] as readonly unknown[] | null);
  const map = (name: string): object => mapOrNil(given[name] as Readonly<Record<string, unknown>> | null);
  return omitEmpty(
    {
      ...given,
      ...{ User: given.User ?? '', WorkingDir: given.WorkingDir ?? '', StopSignal: given.StopSignal ?? '' },
      ...{ Env: list('Env'), Cmd: list('Cmd'), Entrypoint: list('Entrypoint'), OnBuild: list('OnBuild') },
      ...{ Volumes: map('Volumes'), Labels: map('Labels'), ExposedPorts: map('ExposedPorts') },
      ...{ Shell: list('Shell'), Healthcheck: given.Healthcheck ?? null },
    },
    ...(['StopSignal', 'ExposedPorts', 'Shell', 'Healthcheck'] as const),
  );
}
