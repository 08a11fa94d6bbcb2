/**
 * The part of an image's configuration that says how its containers run, with the names of the OCI image
 * specification (config.md) and Docker's additions to it (Healthcheck, OnBuild, Shell).
 */
export interface ContainerConfig {
  User?: string;
  ExposedPorts?: Record<string, Record<string, never>>;
  /** `NAME=VALUE`. */
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  Volumes?: Record<string, Record<string, never>>;
  WorkingDir?: string;
  Labels?: Record<string, string>;
  StopSignal?: string;
  Healthcheck?: HealthConfig;
  OnBuild?: string[];
  Shell?: string[];
}

/** Times in nanoseconds. */
export interface HealthConfig {
  Test: string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

const defaultShell = ['/bin/sh', '-c'];

/** Of a configuration, the words that a command in shell form is given to. */
export function shellOf({ Shell }: ContainerConfig): readonly string[] {
  return Shell === undefined || Shell.length === 0 ? defaultShell : Shell;
}

/** PATH of an image that says nothing of it (moby: oci/defaults.go). */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function findEnv({ Env }: ContainerConfig, name: string): string | undefined {
  return Env?.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Sets a variable in its old place, or at the end. */
export function setEnv(config: ContainerConfig, name: string, value: string): void {
  const entries = config.Env ?? [];
  const index = entries.findIndex((entry) => entry.startsWith(`${name}=`));
  if (index < 0) entries.push(`${name}=${value}`);
  else entries[index] = `${name}=${value}`;
  config.Env = entries;
}
