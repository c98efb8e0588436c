/** How colours look, also to readers who lack one kind of cone. */

type Matrix = readonly (readonly [number, number, number])[];

/** Machado, Oliveira and Fernandes, 2009, table 1, severity 1.0: on linear light. */
export const SIGHTS: readonly Matrix[] = [
  [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
];

/** Ottosson's Oklab. */
const CONES: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const LAB: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];

/** How far apart two colours look to whoever sees so; 1 is from black to white. */
export function distanceOf(a: string, b: string, sight: Matrix): number {
  const [left, right] = [a, b].map((colour) => {
    const seen = times(sight, lightOf(colour)).map((light) => Math.min(Math.max(light, 0), 1));
    return times(LAB, times(CONES, seen).map(Math.cbrt));
  });
  return Math.hypot(...(left ?? []).map((value, index) => value - (right?.[index] ?? 0)));
}

/** The contrast ratio of WCAG 2.2. */
export function contrastOf(a: string, b: string): number {
  const [darker = 0, lighter = 0] = [a, b].map(luminanceOf).sort((x, y) => x - y);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminanceOf(colour: string): number {
  return times([[0.2126, 0.7152, 0.0722]], lightOf(colour))[0] ?? 0;
}

function lightOf(colour: string): number[] {
  return [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
}

function times(matrix: Matrix, vector: readonly number[]): number[] {
  return matrix.map((row) => row.reduce((sum, factor, index) => sum + factor * (vector[index] ?? 0), 0));
}
