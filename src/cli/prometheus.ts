/**
 * The text format of Prometheus, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). A name that ends in `_total` is a counter,
 * any other a gauge.
 */
type Labels = Readonly<Record<string, string>>;

export interface Metric {
  /** Without its prefix. */
  readonly name: string;
  readonly help: string;
  readonly samples: readonly { readonly value: number; readonly labels: Labels }[];
}

/** `common` are labels of every sample. */
export function prometheusText(prefix: string, metrics: readonly Metric[], common: Labels): string {
  return metrics.map((metric) => metricText(`${prefix}_${metric.name}`, metric, common)).join('');
}

function metricText(name: string, { help, samples }: Metric, common: Labels): string {
  const type = name.endsWith('_total') ? 'counter' : 'gauge';
  const lines = samples.map(
    ({ value, labels }) => `${name}{${labelText({ ...common, ...labels })}} ${String(value)}`,
  );
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}="${escaped(value)}"`)
    .join(',');
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
