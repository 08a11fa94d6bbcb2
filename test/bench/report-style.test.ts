/**
 * Measures the colours of drivers as people with and without colour blindness see them: simulated by the matrices of
 * Machado, Oliveira and Fernandes (2009) for full dichromacy, compared in OKLab.
 */
import t from 'tap';
import { driverStyles } from '../../src/bench/report/driver-style.ts';
import { benchRun } from './fixtures/bench-run.ts';

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

const eyes: Readonly<Record<string, Matrix>> = {
  'three kinds of cones': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  'no red cones': [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  'no green cones': [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  'no blue cones': [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const drivers = [
  ...benchRun().drivers.map(({ name, durability, version, options }) => ({
    name,
    durability,
    version,
    options,
  })),
  ...['strata-libfuse', 'btrfs', 'vfs'].map((name) => ({
    ...{ name, durability: 'volatile' as const, version: '1', options: name },
  })),
];
const styles = driverStyles(benchRun({ drivers }));

for (const [paper, background] of [
  ['light', '#ffffff'],
  ['dark', '#15181d'],
] as const) {
  for (const [name, matrix] of Object.entries(eyes)) {
    t.test(`on ${paper} paper, ${name}`, async (t) => {
      const seen = [...styles].map(
        ([driver, style]) => [driver, oklab(times(matrix, linear(style[paper])))] as const,
      );
      for (const [i, [driver, color]] of seen.entries()) {
        for (const [other, otherColor] of seen.slice(0, i)) {
          const distance = Math.hypot(...color.map((part, k) => part - (otherColor[k] as number)));
          t.ok(distance >= 0.1, `${driver} and ${other} differ (${distance.toFixed(3)})`);
        }
      }
    });
  }
  t.test(`contrast with ${paper} paper`, async (t) => {
    for (const [driver, style] of styles) {
      const [bright, dim] = [luminance(style[paper]), luminance(background)].sort((a, b) => b - a);
      const contrast = ((bright as number) + 0.05) / ((dim as number) + 0.05);
      t.ok(contrast >= 3, `${driver} (${contrast.toFixed(2)})`);
    }
  });
}

t.test('every driver has a shape of its own', async (t) => {
  t.equal(styles.size, 11);
  t.equal(new Set([...styles.values()].map(({ shape }) => shape)).size, 11);
});

t.test('a driver keeps its looks whoever else ran; a strange one takes what is free', async (t) => {
  const [strata, , , , overlay] = drivers;
  const strange = { name: 'mergerfs', durability: 'volatile', version: '2', options: 'mergerfs' } as const;
  const few = driverStyles(benchRun({ drivers: [overlay!, strange, strata!] }));
  t.same([...few.keys()], ['overlay', 'mergerfs', 'strata']);
  t.equal(few.get('strata'), styles.get('strata'));
  t.not(few.get('mergerfs')?.shape, few.get('strata')?.shape);
  t.not(few.get('mergerfs')?.shape, few.get('overlay')?.shape);
  const many = Array.from({ length: 20 }, (_, i) => ({ ...strange, name: String(i) }));
  t.equal(driverStyles(benchRun({ drivers: many })).size, 20);
});

t.test('a driver that was left out has none', async (t) => {
  t.notOk(driverStyles(benchRun()).has('unionfs-fuse'));
});

function linear(hex: string): Triple {
  const part = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [part(1), part(3), part(5)];
}

function luminance(hex: string): number {
  const [red, green, blue] = linear(hex);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function times(matrix: Matrix, [a, b, c]: Triple): Triple {
  const row = ([x, y, z]: Triple): number => x * a + y * b + z * c;
  return [row(matrix[0]), row(matrix[1]), row(matrix[2])];
}

/** Of linear sRGB: https://bottosson.github.io/posts/oklab/ */
function oklab(color: Triple): Triple {
  const [red, green, blue] = color.map((part) => Math.min(1, Math.max(0, part))) as unknown as Triple;
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
